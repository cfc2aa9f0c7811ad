/** Another language means another page: what is read by then is read anew. Drafts are kept by themselves; what else is not saved is
 * asked about first. */

import { isOtherLanguage, keepLanguage, type LanguageChoice } from "../settings/language";
import { leave } from "./leaving";

export function changeLanguage(choice: LanguageChoice): void {
  if (!isOtherLanguage(choice)) keepLanguage(choice);
  else {
    leave(() => {
      if (keepLanguage(choice)) window.location.reload();
    });
  }
}
