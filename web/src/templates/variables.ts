/** The variables somebody types for a preview. Pure. */

export type Variables = Record<string, unknown>;

/** `null` where it is no JSON object; nothing typed is no variables. */
export function readVariables(text: string): Variables | null {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Variables) : null;
  } catch {
    return null;
  }
}
