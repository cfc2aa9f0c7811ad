/** What a domain is used for: the list, and making, changing and deleting one. */

import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useCases, type UseCaseChange } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Domain, UseCase, UseCaseInput } from "../api/types";
import { useIdempotencyKey } from "../composer/useIdempotencyKey";
import { m } from "../i18n";
import { useIsAdmin } from "../people/changes";
import { Badge, Breakable, EmptyState } from "../ui/bits";
import { Button, IconButton } from "../ui/Button";
import { ConfirmDialog, Dialog } from "../ui/Dialog";
import { listStyles, ResourceList } from "../ui/list";
import { toast } from "../ui/toast";
import { useUseCases } from "./queries";
import { UseCaseForm } from "./UseCaseForm";
import styles from "./domains.module.css";

type Asking = { what: "create" } | { what: "edit" | "delete"; useCase: UseCase } | null;

export function UseCases({ domain }: { domain: Domain }) {
  const list = useUseCases(domain.id);
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const admin = useIsAdmin();
  const mayCreate = domain.status === "verified" || domain.status === "failing";
  return (
    <>
      <div className={styles.spread}>
        <p className="muted" id="use-cases-lead">
          {mayCreate ? m.useCases.lead : m.useCases.locked}
        </p>
        {admin && (
          <Button icon="plus" disabled={!mayCreate} aria-describedby="use-cases-lead" onClick={() => setAsking({ what: "create" })}>
            {m.useCases.create}
          </Button>
        )}
      </div>
      <ResourceList
        query={list}
        failed={m.useCases.failed}
        empty={mayCreate ? <EmptyState icon="tag" title={m.useCases.empty} text={m.useCases.emptyText} /> : null}
      >
        {(useCase) => (
          <UseCaseRow
            useCase={useCase}
            onEdit={() => setAsking({ what: "edit", useCase })}
            onDelete={() => setAsking({ what: "delete", useCase })}
          />
        )}
      </ResourceList>
      {asking?.what === "create" && <CreateUseCase domain={domain} onClose={close} />}
      {asking?.what === "edit" && <EditUseCase domain={domain} useCase={asking.useCase} onClose={close} />}
      {asking?.what === "delete" && <DeleteUseCase useCase={asking.useCase} onClose={close} />}
    </>
  );
}

function UseCaseRow({ useCase, onEdit, onDelete }: { useCase: UseCase; onEdit: () => void; onDelete: () => void }) {
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>{useCase.name}</strong>
        <span className={listStyles.sub}>
          {useCase.entityName} · <Breakable text={useCase.senderAddress} />
        </span>
        {useCase.description && <span className={listStyles.sub}>{useCase.description}</span>}
        <span className={listStyles.badges}>
          <Badge tone={useCase.emailType === "marketing" ? "accent" : "plain"}>{m.useCases.badge[useCase.emailType]}</Badge>
          {useCase.unsubscribable && <Badge>{m.useCases.unsubscribableBadge}</Badge>}
          <code className={styles.id}>{useCase.id}</code>
        </span>
      </span>
      {useIsAdmin() && (
        <span className={listStyles.side}>
          <IconButton icon="edit" label={m.useCases.editLabel(useCase.name)} onClick={onEdit} />
          <IconButton icon="trash" label={m.useCases.deleteLabel(useCase.name)} onClick={onDelete} />
        </span>
      )}
    </div>
  );
}

type DialogProps = { domain: Domain; onClose: () => void };

function CreateUseCase({ domain, onClose }: DialogProps) {
  const client = useQueryClient();
  const idempotencyKey = useIdempotencyKey();
  const create = useMutation({
    mutationFn: (body: UseCaseInput) => useCases.create(body, idempotencyKey(body)),
    onSuccess: () => {
      toast(m.useCases.created);
      void client.invalidateQueries({ queryKey: keys.useCases });
      onClose();
    },
  });
  return (
    <Dialog title={m.useCases.create} onClose={onClose}>
      <UseCaseForm
        domainName={domain.name}
        action={create.isPending ? m.useCases.creating : m.useCases.createNow}
        busy={create.isPending}
        error={create.error}
        errorTitle={m.useCases.createFailed}
        onSubmit={({ description, ...fields }) =>
          create.mutate({ domainId: domain.id, ...fields, ...(description ? { description } : {}) })
        }
        onClose={onClose}
      />
    </Dialog>
  );
}

function EditUseCase({ domain, useCase, onClose }: DialogProps & { useCase: UseCase }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: (body: UseCaseChange) => useCases.patch(useCase.id, body),
    onSuccess: () => {
      toast(m.saved);
      void client.invalidateQueries({ queryKey: keys.useCases });
      onClose();
    },
  });
  return (
    <Dialog title={m.useCases.editTitle} onClose={onClose}>
      <UseCaseForm
        domainName={domain.name}
        useCase={useCase}
        action={m.save}
        busy={change.isPending}
        error={change.error}
        errorTitle={m.useCases.changeFailed}
        onSubmit={(fields) => change.mutate({ ...fields, description: fields.description || null })}
        onClose={onClose}
      />
    </Dialog>
  );
}

function DeleteUseCase({ useCase, onClose }: { useCase: UseCase; onClose: () => void }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => useCases.remove(useCase.id),
    onSuccess: () => {
      toast(m.useCases.deleted);
      void client.invalidateQueries({ queryKey: keys.useCases });
      onClose();
    },
  });
  return (
    <ConfirmDialog
      title={m.useCases.deleteTitle(useCase.name)}
      text={m.useCases.deleteText}
      action={m.useCases.delete}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.useCases.deleteFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
