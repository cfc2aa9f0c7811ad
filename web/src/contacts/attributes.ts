/** A contact's attributes as a form has them: kinds of values, and how they are read and written. Pure. */

export type AttributeKind = "text" | "number" | "boolean" | "json";

export function kindOf(value: unknown): AttributeKind {
  if (typeof value === "string") return "text";
  if (typeof value === "number") return "number";
  if (typeof value === "boolean") return "boolean";
  return "json";
}

/** What a field shows of a value. */
export function typed(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** The value that was typed; undefined where it is none of its kind. */
export function readValue(kind: AttributeKind, text: string): unknown {
  if (kind === "text") return text;
  const trimmed = text.trim();
  if (kind === "boolean") return trimmed === "true";
  if (kind === "number") {
    const value = Number(trimmed);
    return trimmed !== "" && Number.isFinite(value) ? value : undefined;
  }
  try {
    const value: unknown = JSON.parse(trimmed);
    // The API takes null to mean that it goes.
    return value === null ? undefined : value;
  } catch {
    return undefined;
  }
}
