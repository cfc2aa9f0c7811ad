/** What people said of the help they got: counted by channel, team or person, and one by one. */

import { keepPreviousData, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useLocation, useSearch } from "wouter";
import { ratings } from "../api/contacts";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { Rating, RatingBy, RatingSummary, RatingValue } from "../api/types";
import { useChannels, useContact, useTeams, useUsers } from "../conversations/queries";
import { longTime } from "../format/time";
import { locale, m } from "../i18n";
import { FigureTabs } from "../insight/FigureTabs";
import { Page, Section } from "../shell/Page";
import { EmptyState, Skeleton } from "../ui/bits";
import { LinkButton } from "../ui/Button";
import { SelectField } from "../ui/Field";
import { ListSkeleton, listStyles, LoadMore } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { Segments } from "../ui/Segments";
import { useNow } from "../ui/useNow";
import { chosenFromSearch, DAYS, searchFromChosen, sinceOf, type Chosen } from "./chosen";
import { RatingMark } from "./RatingMark";
import styles from "./ratings.module.css";

const VALUES = Object.keys(m.ratings.values) as RatingValue[];

export default function Ratings() {
  const [, navigate] = useLocation();
  const chosen = chosenFromSearch(useSearch());
  const since = sinceOf(chosen.days, useNow());
  const change = (next: Partial<Chosen>) => navigate(`/ratings${searchFromChosen({ ...chosen, ...next })}`, { replace: true });
  return (
    <Page title={m.ratings.title} lead={m.ratings.lead}>
      <FigureTabs />
      <div className={styles.filters}>
        <Segments
          label={m.ratings.by}
          options={(Object.keys(m.ratings.groups) as RatingBy[]).map((value) => ({ value, name: m.ratings.groups[value] }))}
          value={chosen.by}
          onChange={(by) => change({ by })}
        />
        <SelectField label={m.ratings.period} value={chosen.days} onChange={(event) => change({ days: Number(event.target.value) })}>
          {DAYS.map((days) => (
            <option key={days} value={days}>
              {days === 0 ? m.ratings.anyTime : m.ratings.days(days)}
            </option>
          ))}
        </SelectField>
        <SelectField label={m.ratings.filter} value={chosen.rating} onChange={(event) => change({ rating: event.target.value as Chosen["rating"] })}>
          <option value="">{m.ratings.all}</option>
          {VALUES.map((value) => (
            <option key={value} value={value}>
              {m.ratings.values[value]}
            </option>
          ))}
        </SelectField>
      </div>
      <Section title={m.ratings.summary}>
        <Summary by={chosen.by} since={since} />
      </Section>
      <Section title={m.ratings.answers}>
        <Answers rating={chosen.rating} since={since} filtered={chosen.rating !== "" || chosen.days !== 0} />
      </Section>
    </Page>
  );
}

/** Ids as people know them. */
function useNames(by: RatingBy): (id: string | null) => string {
  const channels = useChannels().data;
  const teams = useTeams().data;
  const users = useUsers().data;
  return (id) => {
    if (id === null) return m.ratings.none[by];
    if (by === "channel") return channels?.find((each) => each.id === id)?.name ?? id;
    if (by === "team") return teams?.find((each) => each.id === id)?.name ?? id;
    const user = users?.find((each) => each.id === id);
    return user?.name ?? user?.email ?? id;
  };
}

function Summary({ by, since }: { by: RatingBy; since: string | undefined }) {
  const nameOf = useNames(by);
  const query = { by, since };
  const summary = useQuery({
    queryKey: keys.ratingSummary(query),
    queryFn: ({ signal }) => ratings.summary(query, signal),
    placeholderData: keepPreviousData,
  });
  if (summary.isPending) return <Skeleton height={90} />;
  if (!summary.data) {
    return <ProblemNotice title={m.ratings.summaryFailed} problem={asProblem(summary.error)} onRetry={() => void summary.refetch()} />;
  }
  const { total, groups } = summary.data;
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={m.ratings.summary}>
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">{m.ratings.groups[by]}</th>
            <th scope="col">{m.ratings.sent}</th>
            <th scope="col">{m.ratings.answered}</th>
            {VALUES.map((value) => (
              <th key={value} scope="col">
                {m.ratings.values[value]}
              </th>
            ))}
            <th scope="col">{m.ratings.share}</th>
          </tr>
        </thead>
        <tbody>
          {groups.map((group) => (
            <Line key={group.id ?? ""} name={nameOf(group.id ?? null)} counts={group} />
          ))}
        </tbody>
        <tfoot>
          <Line name={m.ratings.total} counts={total} />
        </tfoot>
      </table>
    </div>
  );
}

function Line({ name, counts }: { name: string; counts: RatingSummary["total"] }) {
  const answered = counts.good + counts.ok + counts.bad;
  const share = answered === 0 ? "–" : (counts.good / answered).toLocaleString(locale, { style: "percent", maximumFractionDigits: 0 });
  return (
    <tr>
      <th scope="row">{name}</th>
      {[counts.sent, answered, ...VALUES.map((value) => counts[value])].map((count, index) => (
        <td key={index}>{count.toLocaleString(locale)}</td>
      ))}
      <td>{share}</td>
    </tr>
  );
}

function Answers({ rating, since, filtered }: { rating: Chosen["rating"]; since: string | undefined; filtered: boolean }) {
  const filter = { rating, since };
  const list = useInfiniteQuery({
    queryKey: keys.ratingList(filter),
    queryFn: ({ pageParam, signal }) => ratings.list({ ...filter, cursor: pageParam, take: 50 }, signal),
    initialPageParam: "",
    getNextPageParam: (last) => last.cursor || undefined,
  });
  const items = list.data?.pages.flatMap((page) => page.items) ?? [];
  if (list.isPending) return <ListSkeleton rows={3} />;
  if (list.isError && items.length === 0) {
    return <ProblemNotice title={m.ratings.failed} problem={asProblem(list.error)} onRetry={() => void list.refetch()} />;
  }
  if (items.length === 0) {
    return filtered ? (
      <p className="muted">{m.ratings.emptyTime}</p>
    ) : (
      <EmptyState icon="chart" title={m.ratings.empty} text={m.ratings.emptyText}>
        <LinkButton href="/channels">{m.ratings.channels}</LinkButton>
      </EmptyState>
    );
  }
  return (
    <>
      <ul className={listStyles.list}>
        {items.map((each) => (
          <li key={each.id}>
            <Answer rating={each} />
          </li>
        ))}
      </ul>
      <LoadMore list={list} />
    </>
  );
}

function Answer({ rating }: { rating: Rating }) {
  const contact = useContact(rating.contactId).data;
  const person = useNames("person");
  const channel = useNames("channel");
  const who = contact?.name ?? contact?.addresses[0]?.address;
  const facts = [...(who ? [who] : []), channel(rating.channelId), ...(rating.assigneeId ? [person(rating.assigneeId)] : []), longTime(rating.ratedAt)];
  return (
    <Link href={`/conversations/${rating.conversationId}`} className={listStyles.row} data-row>
      <span className={listStyles.main}>
        <strong dir="auto" className={styles.comment}>
          {rating.comment ?? <span className={styles.without}>{m.ratings.noComment}</span>}
        </strong>
        <span className={listStyles.sub}>{facts.join(" · ")}</span>
      </span>
      <span className={listStyles.side}>
        <RatingMark value={rating.rating} />
      </span>
    </Link>
  );
}
