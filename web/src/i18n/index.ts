/** The language of the dashboard. One more language is one more folder of the same shape, chosen here. */

import { en } from "./en";

export type Catalogue = typeof en;

export const m: Catalogue = en;
/** For dates and numbers. */
export const locale = "en-GB";
