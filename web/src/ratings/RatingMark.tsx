import type { RatingValue } from "../api/types";
import { m } from "../i18n";
import { Badge, type Tone } from "../ui/bits";

const TONES: Record<RatingValue, Tone> = { good: "ok", ok: "warn", bad: "danger" };

export function RatingMark({ value }: { value: RatingValue }) {
  return <Badge tone={TONES[value]}>{m.ratings.values[value]}</Badge>;
}
