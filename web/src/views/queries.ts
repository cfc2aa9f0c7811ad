/** The saved views: what is asked for, and what is changed. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { views } from "../api/endpoints";
import { keys } from "../api/keys";
import type { View } from "../api/types";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { toast, toastProblem } from "../ui/toast";

/** One's own in their order, then those that others share. */
export function useViews() {
  return useQuery({
    queryKey: keys.views,
    queryFn: async ({ signal }) => (await views.list(signal)).items,
    staleTime: 60_000,
  });
}

export function useMayChange(view: View): boolean {
  const { user } = useSession();
  return view.ownerId === user.id || user.role === "admin";
}

type Change = { view: View; change: Parameters<typeof views.change>[1]; said?: string };

export function useChangeView() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ view, change }: Change) => views.change(view.id, change),
    onSuccess: (_, { said }) => said && toast(said),
    onError: (error) => toastProblem(m.savedViews.changeFailed, error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.views }),
  });
}

export function useRemoveView() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (view: View) => views.remove(view.id),
    onSuccess: (_, view) => {
      // What was deleted comes back as it was, behind the others.
      const run = () => {
        const { name, filter, shared } = view;
        void views
          .create({ name, filter, shared }, crypto.getRandomValues(new Uint32Array(4)).join("-"))
          .catch((error: unknown) => toastProblem(m.savedViews.saveFailed, error))
          .finally(() => client.invalidateQueries({ queryKey: keys.views }));
      };
      toast(m.savedViews.removed(view.name), { action: { label: m.undo, run } });
    },
    onError: (error) => toastProblem(m.savedViews.changeFailed, error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.views }),
  });
}
