export const number = (n: number) => n.toLocaleString("en-GB");

/** A number with its noun. */
export const count = (n: number, one: string, many: string) => `${number(n)} ${n === 1 ? one : many}`;
