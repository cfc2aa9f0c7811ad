/** One list: who is on it, and taking people in and off. */

import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation } from "wouter";
import { lists } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { ContactList, ListMember } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Page } from "../shell/Page";
import { Breakable, EmptyState } from "../ui/bits";
import { Button, IconButton, LinkButton } from "../ui/Button";
import { CsvImportDialog } from "../ui/CsvImportDialog";
import { ConfirmDialog } from "../ui/Dialog";
import { Gone } from "../ui/Gone";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast, toastProblem } from "../ui/toast";
import { AddMember } from "./AddMember";
import styles from "./lists.module.css";
import { NameDialog } from "./NameDialog";

const UP = { href: "/lists", label: m.lists.title };

export default function ListDetail({ id }: { id: string }) {
  const list = useQuery({ queryKey: keys.list(id), queryFn: ({ signal }) => lists.get(id, signal) });
  if (list.data) return <Detail list={list.data} />;
  if (list.isPending) {
    return (
      <Page title={m.loading} up={UP}>
        <ListSkeleton rows={5} />
      </Page>
    );
  }
  const problem = asProblem(list.error);
  if (problem.status === 404) return <Gone title={m.lists.notFound} back={{ href: UP.href, label: m.lists.back }} />;
  return (
    <Page title={m.lists.title} up={UP}>
      <ProblemNotice title={m.lists.oneFailed} problem={problem} onRetry={() => void list.refetch()} />
    </Page>
  );
}

type Asking = "add" | "import" | "rename" | "delete" | null;

function Detail({ list }: { list: ContactList }) {
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  return (
    <Page
      title={list.name}
      up={UP}
      lead={m.lists.members(list.memberCount)}
      actions={
        <>
          <Button variant="primary" icon="plus" onClick={() => setAsking("add")}>
            {m.lists.add}
          </Button>
          <Button onClick={() => setAsking("import")}>{m.lists.import}</Button>
          <LinkButton icon="megaphone" href={`/broadcasts/new?list=${list.id}`}>
            {m.lists.send}
          </LinkButton>
        </>
      }
    >
      <Members list={list} />
      <div className={styles.foot}>
        <Button small icon="edit" onClick={() => setAsking("rename")}>
          {m.lists.rename}
        </Button>
        <Button small icon="trash" onClick={() => setAsking("delete")}>
          {m.lists.delete}
        </Button>
      </div>
      {asking === "add" && <AddMember list={list} onClose={close} />}
      {asking === "import" && (
        <CsvImportDialog texts={m.lists} load={(csv) => lists.importCsv(list.id, csv)} changes={keys.lists} onClose={close} />
      )}
      {asking === "rename" && <Rename list={list} onClose={close} />}
      {asking === "delete" && <Delete list={list} onClose={close} />}
    </Page>
  );
}

function Members({ list }: { list: ContactList }) {
  const client = useQueryClient();
  const members = useInfiniteQuery({
    queryKey: keys.listMembers(list.id),
    queryFn: ({ pageParam, signal }) => lists.members(list.id, { cursor: pageParam, take: 50, order: "desc" }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  const remove = useMutation({
    mutationFn: (member: ListMember) => lists.removeMember(list.id, member.contactId),
    onSuccess: (_, { address }) => toast(m.lists.removed(address)),
    onError: (error) => toastProblem(m.lists.removeFailed, error),
    onSettled: () => void client.invalidateQueries({ queryKey: keys.lists }),
  });
  const items = members.data?.pages.flatMap((page) => page.items) ?? [];
  if (members.isPending) return <ListSkeleton rows={4} />;
  if (members.isError && items.length === 0) {
    return <ProblemNotice title={m.lists.membersFailed} problem={asProblem(members.error)} onRetry={() => void members.refetch()} />;
  }
  if (items.length === 0) return <EmptyState icon="people" title={m.lists.noMembers} text={m.lists.noMembersText} />;
  return (
    <>
      <ul className={listStyles.list}>
        {items.map((member) => (
          <li key={member.contactId}>
            <Member member={member} onRemove={() => remove.mutate(member)} />
          </li>
        ))}
      </ul>
      <LoadMore list={members} />
    </>
  );
}

function Member({ member, onRemove }: { member: ListMember; onRemove: () => void }) {
  const { address, name, variables, createdAt } = member;
  const filled = Object.entries(variables);
  return (
    <div className={listStyles.row}>
      <span className={listStyles.main}>
        <strong>
          <Breakable text={address} />
        </strong>
        <span className={listStyles.sub}>{[...(name ? [name] : []), m.lists.since(longTime(createdAt))].join(" · ")}</span>
        {filled.length > 0 && (
          <span className={styles.variables}>
            {filled.map(([key, value]) => (
              <code key={key}>
                {key}: {typeof value === "string" ? value : JSON.stringify(value)}
              </code>
            ))}
          </span>
        )}
      </span>
      <IconButton small icon="close" label={m.lists.removeLabel(address)} onClick={onRemove} />
    </div>
  );
}

function Rename({ list, onClose }: { list: ContactList; onClose: () => void }) {
  const client = useQueryClient();
  const rename = useMutation({
    mutationFn: (name: string) => lists.rename(list.id, name),
    onSuccess: (changed) => {
      client.setQueryData(keys.list(changed.id), changed);
      void client.invalidateQueries({ queryKey: keys.lists, exact: true });
      toast(m.lists.renamed);
      onClose();
    },
  });
  return (
    <NameDialog
      title={m.lists.renameTitle}
      action={m.save}
      name={list.name}
      busy={rename.isPending}
      error={rename.error}
      errorTitle={m.lists.renameFailed}
      onName={(name) => rename.mutate(name)}
      onClose={onClose}
    />
  );
}

function Delete({ list, onClose }: { list: ContactList; onClose: () => void }) {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const remove = useMutation({
    mutationFn: () => lists.remove(list.id),
    onSuccess: () => {
      toast(m.lists.deleted);
      navigate("/lists");
      client.removeQueries({ queryKey: keys.list(list.id) });
      void client.invalidateQueries({ queryKey: keys.lists });
    },
  });
  return (
    <ConfirmDialog
      title={m.lists.deleteTitle(list.name)}
      text={m.lists.deleteText}
      action={m.lists.delete}
      danger
      busy={remove.isPending}
      error={remove.error}
      errorTitle={m.lists.deleteFailed}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
