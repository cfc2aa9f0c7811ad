/** What is changed of people, and what of the cache knows of it. */

import { useMutation, useQueryClient, type QueryClient } from "@tanstack/react-query";
import { users } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Session, User, UserChange } from "../api/types";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { toast, toastProblem } from "../ui/toast";

export function nameOf(user: User): string {
  return user.name ?? user.email;
}

export function useIsAdmin(): boolean {
  return useSession().user.role === "admin";
}

/** A user as they are now, wherever they are shown. */
export function storeUser(client: QueryClient, user: User): void {
  client.setQueryData<User[]>(keys.users, (all) => all?.map((each) => (each.id === user.id ? user : each)));
  client.setQueryData<Session | null>(keys.session, (session) =>
    session?.user.id === user.id ? { ...session, user } : session,
  );
}

/** Changes of oneself from outside of a form: what came of it is said. */
export function useChangeMe() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (change: UserChange) => users.patchMe(change),
    onSuccess: (user) => {
      storeUser(client, user);
      toast(user.available ? m.people.nowAvailable(nameOf(user)) : m.people.nowAway(nameOf(user)));
    },
    onError: (error) => toastProblem(m.people.changeFailed, error),
  });
}
