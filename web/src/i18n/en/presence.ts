/** Who else is at a conversation. */

export const presence = {
  somebody: "Somebody",
  looks: (names: string) => `${names} is here too`,
  writes: (names: string) => `${names} is writing…`,
};
