/** Business hours as they are written on their page. Pure. */

import type { BusinessHours } from "../api/types";
import { m } from "../i18n";

export type Weekday = BusinessHours["weekly"][number]["day"];

export const DAYS = Object.keys(m.businessHours.days) as Weekday[];

/** Time inputs have no 24:00: there, a day ends at 00:00. */
export type HoursForm = {
  timeZone: string;
  week: Record<Weekday, { from: string; to: string }[]>;
  holidays: { date: string; name: string }[];
};

export function formOfHours(hours: BusinessHours): HoursForm {
  const of = (day: Weekday) =>
    hours.weekly.filter((each) => each.day === day).map(({ from, to }) => ({ from, to: to === "24:00" ? "00:00" : to }));
  return {
    timeZone: hours.timeZone,
    week: Object.fromEntries(DAYS.map((day) => [day, of(day)])) as HoursForm["week"],
    holidays: hours.holidays.map(({ date, name }) => ({ date, name: name ?? "" })),
  };
}

export function bodyOfHours(form: HoursForm): BusinessHours {
  return {
    timeZone: form.timeZone.trim(),
    weekly: DAYS.flatMap((day) => form.week[day].map(({ from, to }) => ({ day, from, to: to === "00:00" ? "24:00" : to }))),
    holidays: form.holidays.map(({ date, name }) => ({ date, ...(name.trim() ? { name: name.trim() } : {}) })),
  };
}

/** By day and place, and by the holiday's place. */
export function hoursComplaints(form: HoursForm): Record<string, string> {
  const found: Record<string, string> = {};
  for (const day of DAYS) {
    form.week[day].forEach(({ from, to }, index) => {
      if (!from || !to || (to !== "00:00" && to <= from)) found[`${day}/${index}`] = m.businessHours.endMissing;
    });
  }
  form.holidays.forEach(({ date }, index) => {
    if (!date) found[`holidays/${index}`] = m.businessHours.dateMissing;
  });
  return found;
}
