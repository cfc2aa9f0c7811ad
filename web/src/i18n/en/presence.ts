/** Who else is at a conversation. */

export const presence = {
  somebody: "Somebody",
  looks: (names: string, people: number) => `${names} ${people === 1 ? "is" : "are"} here too`,
  writes: (names: string, people: number) => `${names} ${people === 1 ? "is" : "are"} writing…`,
};
