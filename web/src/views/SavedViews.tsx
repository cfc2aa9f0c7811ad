/** The saved views in the navigation: links, each with what can be done with it. */

import { Link, useLocation, useSearch } from "wouter";
import { filterFromSearch, searchFromFilter, type ConversationFilter } from "../conversations/filter";
import type { View } from "../api/types";
import { m } from "../i18n";
import { useSession } from "../session/useSession";
import { useUsers } from "../conversations/queries";
import { classNames, IconButton } from "../ui/Button";
import { Icon } from "../ui/Icon";
import { Menu } from "../ui/Menu";
import { useViews } from "./queries";
import styles from "./SavedViews.module.css";
import { addressOfView } from "./viewFilter";
import { useViewItems } from "./viewItems";

/** `listClass` and `linkClass`: the navigation's own look. */
export function SavedViews({ listClass, linkClass }: { listClass: string; linkClass: string }) {
  const views = useViews().data ?? [];
  const [location] = useLocation();
  const search = useSearch();
  const shown = location.startsWith("/conversations") ? filterFromSearch(search) : null;
  const here = shown && `/conversations${searchFromFilter(shown)}`;
  if (views.length === 0) return null;
  return (
    <ul className={classNames(listClass, styles.views)} aria-label={m.savedViews.title}>
      {views.map((view, index) => (
        <SavedView
          key={view.id}
          view={view}
          all={views}
          shown={shown}
          current={here === addressOfView(view)}
          number={index + 1}
          linkClass={linkClass}
        />
      ))}
    </ul>
  );
}

type Props = {
  view: View;
  all: View[];
  shown: ConversationFilter | null;
  current: boolean;
  number: number;
  linkClass: string;
};

function SavedView({ view, all, shown, current, number, linkClass }: Props) {
  const { user } = useSession();
  const users = useUsers().data;
  const { items, dialog } = useViewItems(view, all, shown);
  const owner = users?.find((each) => each.id === view.ownerId);
  const others = view.ownerId !== user.id;
  const about = others ? m.savedViews.sharedBy(owner?.name ?? owner?.email ?? m.message.application) : m.savedViews.shared;
  return (
    <li className={styles.view}>
      <Link
        href={addressOfView(view)}
        className={linkClass}
        aria-current={current ? "true" : undefined}
        title={number <= 9 ? `${view.name} (g ${number})` : view.name}
      >
        <span className={styles.name}>{view.name}</span>
        {view.shared && (
          <span className={styles.shared} title={about}>
            <Icon name="people" size={14} />
            <span className="visually-hidden">{about}</span>
          </span>
        )}
      </Link>
      <span className={styles.options}>
        <Menu
          label={m.savedViews.options(view.name)}
          items={items}
          trigger={(props) => <IconButton small icon="more" label={m.savedViews.options(view.name)} {...props} />}
        />
      </span>
      {dialog}
    </li>
  );
}
