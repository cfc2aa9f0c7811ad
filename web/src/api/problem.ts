/** What went wrong with a request, in words for the person who reads them. Never invents a reason the server did not give. */

import { m } from "../i18n";
import type { ProblemDocument } from "./types";

/** What is wrong with a field: in the words of the page that looked, or in the server's. */
export type Complaint = string | { detail: string; language: "en" | undefined };

export class Problem extends Error {
  /** HTTP status; 0 when no answer came. */
  readonly status: number;
  readonly code: string | undefined;
  readonly requestId: string | undefined;
  readonly fields: { pointer: string; detail: string }[];
  /** Of the message and the fields, for `lang`: the server refuses in English, whatever language the page is in. */
  readonly language: "en" | undefined;

  constructor(status: number, document: ProblemDocument) {
    super(document.detail || document.title || m.errors.unexplained(status));
    this.name = "Problem";
    this.status = status;
    this.code = document.code;
    this.requestId = document.requestId ?? undefined;
    this.language = status > 0 && document.code ? "en" : undefined;
    this.fields = (document.errors ?? []).map((error) => ({ pointer: error.pointer ?? "", detail: error.detail }));
  }

  /** The complaint about one field of the request (`emailAddress`, `config/smtpHost`), if there is one. */
  field(name: string): Complaint | undefined {
    const wanted = name.replaceAll(".", "/");
    const found = this.fields.find((field) => field.pointer.replace(/^[#/]+/, "") === wanted);
    return found && { detail: found.detail, language: this.language };
  }

  /** What to do about it, where that is known from the kind of failure. */
  get advice(): string | undefined {
    if (this.status === 0) return m.errors.adviceOffline;
    if (this.status === 403) return m.errors.adviceForbidden;
    if (this.status === 404) return m.errors.adviceGone;
    if (this.status === 429) return m.errors.adviceSlowDown;
    if (this.status >= 500) return m.errors.adviceServer;
    return undefined;
  }
}

export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, { detail: error instanceof Error ? error.message : m.errors.unknown });
}

export async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text().catch(() => "");
  try {
    return new Problem(response.status, JSON.parse(text) as ProblemDocument);
  } catch {
    return new Problem(response.status, {});
  }
}

export function offline(): Problem {
  return new Problem(0, { detail: m.errors.offline, code: "offline" });
}
