/** Who else is at a conversation. */

import type { presence as English } from "../en/presence";

export const presence: typeof English = {
  somebody: "Jemand",
  looks: (names: string, people: number) => `${names} ${people === 1 ? "ist" : "sind"} auch hier`,
  writes: (names: string, people: number) => `${names} ${people === 1 ? "schreibt" : "schreiben"}…`,
};
