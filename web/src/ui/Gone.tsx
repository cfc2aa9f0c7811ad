/** In place of what the server no longer has: no alarm, and the way back. */

import { m } from "../i18n";
import { EmptyState } from "./bits";
import { LinkButton } from "./Button";

type Props = { title: string; back: { href: string; label: string } };

export function Gone({ title, back }: Props) {
  return (
    <EmptyState icon="search" title={title} text={m.gone}>
      <LinkButton href={back.href}>{back.label}</LinkButton>
    </EmptyState>
  );
}
