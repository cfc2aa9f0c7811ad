/** When the workspace is at work: its time zone, the hours of the week, holidays. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { businessHours } from "../api/endpoints";
import { keys } from "../api/keys";
import { asProblem } from "../api/problem";
import type { BusinessHours as Hours } from "../api/types";
import { m } from "../i18n";
import { Page, Section } from "../shell/Page";
import { UnsavedDialog } from "../shell/UnsavedDialog";
import { Button, IconButton, LinkButton } from "../ui/Button";
import { formClass, TextField } from "../ui/Field";
import { ListSkeleton } from "../ui/list";
import { ProblemNotice } from "../ui/ProblemNotice";
import { toast } from "../ui/toast";
import { useFirstError } from "../ui/useFirstError";
import styles from "./automations.module.css";
import { bodyOfHours, DAYS, formOfHours, hoursComplaints, type HoursForm, type Weekday } from "./hours";
import { useMayChange } from "./queries";

const UP = { href: "/automations", label: m.automations.title };

export default function BusinessHours() {
  const hours = useQuery({
    queryKey: keys.businessHours,
    queryFn: ({ signal }) => businessHours.get(signal),
    refetchOnWindowFocus: false,
  });
  return (
    <Page title={m.businessHours.title} lead={m.businessHours.lead} up={UP} narrow actions={<LinkButton href="/sla-policies">{m.sla.title}</LinkButton>}>
      {hours.isPending && <ListSkeleton rows={6} />}
      {hours.isError && !hours.data && (
        <ProblemNotice title={m.businessHours.failed} problem={asProblem(hours.error)} onRetry={() => void hours.refetch()} />
      )}
      {hours.data && <Editor hours={hours.data} />}
    </Page>
  );
}

function Editor({ hours }: { hours: Hours }) {
  const [saved, setSaved] = useState(() => formOfHours(hours));
  const [form, setForm] = useState(saved);
  const [complaints, setComplaints] = useState<Record<string, string>>({});
  const mayChange = useMayChange();
  const client = useQueryClient();
  const save = useMutation({
    mutationFn: () => businessHours.change(bodyOfHours(form)),
    onSuccess: (kept) => {
      toast(m.businessHours.saved);
      client.setQueryData(keys.businessHours, kept);
      const shown = formOfHours(kept);
      setSaved(shown);
      setForm(shown);
    },
  });
  const problem = save.error ? asProblem(save.error) : null;
  const formRef = useFirstError(complaints, save.error);
  const set = (change: Partial<HoursForm>) => setForm({ ...form, ...change });
  return (
    <form
      ref={formRef}
      className={formClass}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        const found = hoursComplaints(form);
        setComplaints(found);
        if (mayChange && Object.keys(found).length === 0) save.mutate();
      }}
    >
      {problem && <ProblemNotice title={m.businessHours.saveFailed} problem={problem} />}
      <TextField
        label={m.businessHours.timeZone}
        hint={m.businessHours.timeZoneHint}
        error={problem?.field("timeZone")}
        value={form.timeZone}
        list="time-zones"
        autoComplete="off"
        spellCheck={false}
        onChange={(event) => set({ timeZone: event.target.value })}
      />
      <datalist id="time-zones">
        {Intl.supportedValuesOf("timeZone").map((zone) => (
          <option key={zone} value={zone} />
        ))}
      </datalist>
      <Section title={m.businessHours.week}>
        <ul className={styles.week}>
          {DAYS.map((day) => (
            <Day key={day} day={day} stretches={form.week[day]} complaints={complaints} onChange={(stretches) => set({ week: { ...form.week, [day]: stretches } })} />
          ))}
        </ul>
      </Section>
      <Section title={m.businessHours.holidays}>
        <Holidays holidays={form.holidays} complaints={complaints} onChange={(holidays) => set({ holidays })} />
      </Section>
      {mayChange ? (
        <div className={styles.submit}>
          <Button type="submit" variant="primary" disabled={save.isPending}>
            {m.businessHours.save}
          </Button>
        </div>
      ) : (
        <p className={styles.lead}>{m.businessHours.mayNot}</p>
      )}
      <UnsavedDialog unsaved={mayChange && form !== saved} />
    </form>
  );
}

type Stretches = HoursForm["week"][Weekday];
type DayProps = { day: Weekday; stretches: Stretches; complaints: Record<string, string>; onChange: (stretches: Stretches) => void };

function Day({ day, stretches, complaints, onChange }: DayProps) {
  const name = m.businessHours.days[day];
  const put = (index: number, change: Partial<Stretches[number]>) =>
    onChange(stretches.map((each, at) => (at === index ? { ...each, ...change } : each)));
  return (
    <li className={styles.day}>
      <span className={styles.dayName}>{name}</span>
      <span className={styles.stretches}>
        {stretches.length === 0 && <span className={styles.closed}>{m.businessHours.closed}</span>}
        {stretches.map(({ from, to }, index) => {
          const wrong = complaints[`${day}/${index}`];
          const wrongId = `hours-${day}-${index}-wrong`;
          const time = (which: "from" | "to", value: string) => (
            <input
              type="time"
              className={styles.time}
              aria-label={m.businessHours[which](name)}
              aria-invalid={wrong ? true : undefined}
              aria-describedby={wrong ? wrongId : undefined}
              value={value}
              onChange={(event) => put(index, { [which]: event.target.value })}
            />
          );
          return (
            <span key={index} className={styles.stretch}>
              {time("from", from)} {m.businessHours.until} {time("to", to)}
              <IconButton icon="close" small label={m.businessHours.remove(name, from)} onClick={() => onChange(stretches.filter((_, at) => at !== index))} />
              {wrong && (
                <span id={wrongId} className={styles.wrong}>
                  {wrong}
                </span>
              )}
            </span>
          );
        })}
      </span>
      <IconButton icon="plus" small label={m.businessHours.add(name)} onClick={() => onChange([...stretches, { from: "09:00", to: "17:00" }])} />
    </li>
  );
}

type HolidaysProps = { holidays: HoursForm["holidays"]; complaints: Record<string, string>; onChange: (holidays: HoursForm["holidays"]) => void };

function Holidays({ holidays, complaints, onChange }: HolidaysProps) {
  const put = (index: number, change: Partial<HoursForm["holidays"][number]>) =>
    onChange(holidays.map((each, at) => (at === index ? { ...each, ...change } : each)));
  return (
    <div className={styles.rows}>
      <p className={styles.always}>{holidays.length === 0 ? m.businessHours.noHolidays : m.businessHours.holidaysHint}</p>
      {holidays.map(({ date, name }, index) => (
        <div key={index} className={styles.holiday}>
          <TextField label={m.businessHours.date} type="date" error={complaints[`holidays/${index}`]} value={date} onChange={(event) => put(index, { date: event.target.value })} />
          <TextField label={m.businessHours.name} optional value={name} onChange={(event) => put(index, { name: event.target.value })} />
          <IconButton icon="close" label={m.businessHours.removeHoliday(date)} onClick={() => onChange(holidays.filter((_, at) => at !== index))} />
        </div>
      ))}
      <Button small icon="plus" className={styles.add} onClick={() => onChange([...holidays, { date: "", name: "" }])}>
        {m.businessHours.addHoliday}
      </Button>
    </div>
  );
}
