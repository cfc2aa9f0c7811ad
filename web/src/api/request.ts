/** The one place that speaks HTTP with the API. Never caches and never retries: that is the query client's. */

import { offline, problemOf } from "./problem";

export type Query = Record<string, string | number | boolean | null | undefined>;

/** `root`: where the path begins, other than at the API's own. */
type Options = { root?: string; query?: Query; body?: unknown; csv?: Blob; idempotencyKey?: string; signal?: AbortSignal; keepalive?: boolean };

let onSignedOut: () => void = () => undefined;

/** Called whenever the server no longer knows the session. */
export function whenSignedOut(listener: () => void): void {
  onSignedOut = listener;
}

export function pathWithQuery(path: string, query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return text ? `${path}?${text}` : path;
}

async function send(method: string, path: string, options: Options): Promise<Response> {
  const headers: Record<string, string> = { accept: "application/json" };
  if (options.body !== undefined) headers["content-type"] = "application/json";
  if (options.csv) headers["content-type"] = "text/csv";
  if (options.idempotencyKey) headers["idempotency-key"] = options.idempotencyKey;
  let response: Response;
  try {
    response = await fetch(pathWithQuery(`${options.root ?? "/api/v1"}${path}`, options.query), {
      method,
      headers,
      body: options.csv ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
      credentials: "same-origin",
      signal: options.signal,
      keepalive: options.keepalive,
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw offline();
  }
  if (!response.ok) {
    if (response.status === 401 && path !== "/session") onSignedOut();
    throw await problemOf(response);
  }
  return response;
}

export async function request<T>(method: string, path: string, options: Options = {}): Promise<T> {
  const response = await send(method, path, options);
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}

/** Sends a file and says how much of it has gone; `fetch` can't. */
export function uploadFile<T>(path: string, query: Query, file: File, onSent: (bytes: number) => void, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const exchange = new XMLHttpRequest();
    exchange.open("POST", pathWithQuery(`/api/v1${path}`, query));
    exchange.setRequestHeader("content-type", file.type || "application/octet-stream");
    exchange.upload.addEventListener("progress", (event) => onSent(event.loaded));
    exchange.addEventListener("error", () => reject(offline()));
    exchange.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    exchange.addEventListener("load", () => {
      const { status, responseText } = exchange;
      if (status === 401) onSignedOut();
      if (status >= 200 && status < 300) resolve(JSON.parse(responseText) as T);
      else void problemOf(new Response(responseText || null, { status: status || 500 })).then(reject);
    });
    signal.addEventListener("abort", () => exchange.abort());
    exchange.send(file);
  });
}

/** A file of ours, by its whole path. */
export async function requestBytes(path: string, signal: AbortSignal): Promise<ArrayBuffer> {
  return (await send("GET", path, { root: "", signal })).arrayBuffer();
}

export async function requestText(path: string, options: Options = {}): Promise<string> {
  return (await send("GET", path, options)).text();
}
