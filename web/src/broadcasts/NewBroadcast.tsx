/** A new broadcast, to the list that the address names where it does. */

import { useState } from "react";
import { useSearch } from "wouter";
import { m } from "../i18n";
import { BroadcastEditor } from "./BroadcastEditor";
import { EMPTY_FORM } from "./form";

export default function NewBroadcast() {
  const asked = new URLSearchParams(useSearch()).get("list") ?? "";
  const [begun] = useState(() => ({ ...EMPTY_FORM, listId: asked }));
  return <BroadcastEditor title={m.broadcasts.create} up={{ href: "/broadcasts", label: m.broadcasts.title }} begun={begun} />;
}
