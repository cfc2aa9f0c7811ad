/** What is typed as a domain. Pure; whether it is one is the server's to say, in the end. */

/** Without the dot at its end and the spaces around it. */
export function tidyDomain(text: string): string {
  return text.trim().replace(/\.$/, "").toLowerCase();
}

/** Letters beyond ASCII are fine: the server turns them into their own form. */
export function looksLikeDomain(text: string): boolean {
  return text.length <= 253 && /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]*[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{N}-]{2,}$/u.test(text);
}
