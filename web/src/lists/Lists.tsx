/** The lists of people that broadcasts go to, and the creation of one. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { Link, useLocation } from "wouter";
import { lists } from "../api/endpoints";
import { keys } from "../api/keys";
import { useLists } from "../broadcasts/queries";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { ResourcePage } from "../shell/ResourcePage";
import { Button } from "../ui/Button";
import { listStyles } from "../ui/list";
import { NameDialog } from "./NameDialog";

export default function Lists() {
  const [creating, setCreating] = useState(false);
  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {m.lists.create}
    </Button>
  );
  return (
    <ResourcePage
      texts={m.lists}
      icon="people"
      query={useLists()}
      create={create}
      row={(list) => (
        <Link href={`/lists/${list.id}`} className={listStyles.row ?? ""}>
          <span className={listStyles.main}>
            <strong>{list.name}</strong>
            <span className={listStyles.sub}>{m.lists.changed(longTime(list.updatedAt))}</span>
          </span>
          <span className={listStyles.side}>{m.lists.members(list.memberCount)}</span>
        </Link>
      )}
    >
      {creating && <CreateList onClose={() => setCreating(false)} />}
    </ResourcePage>
  );
}

function CreateList({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (name: string) => lists.create(name, idempotencyKey(name)),
    onSuccess: (list) => {
      client.setQueryData(keys.list(list.id), list);
      void client.invalidateQueries({ queryKey: keys.lists, exact: true });
      onClose();
      navigate(`/lists/${list.id}`);
    },
  });
  return (
    <NameDialog
      title={m.lists.create}
      action={create.isPending ? m.lists.creating : m.lists.createNow}
      name=""
      busy={create.isPending}
      error={create.error}
      errorTitle={m.lists.createFailed}
      onName={(name) => create.mutate(name)}
      onClose={onClose}
    />
  );
}
