/** A new automation, from scratch or from what the address names. */

import { useState } from "react";
import { useSearch } from "wouter";
import { m } from "../i18n";
import { AutomationEditor } from "./AutomationEditor";
import { formOfStart, type Start } from "./form";

export default function NewAutomation() {
  const asked = new URLSearchParams(useSearch()).get("start") ?? "";
  const [begun] = useState(() => formOfStart(asked in m.automations.starts ? (asked as Start) : "blank"));
  return <AutomationEditor begun={begun} />;
}
