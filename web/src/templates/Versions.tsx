/** What a template was, newest first. */

import { useQuery } from "@tanstack/react-query";
import { templates } from "../api/endpoints";
import { keys } from "../api/keys";
import type { Template, TemplateVersion } from "../api/types";
import { longTime } from "../format/time";
import { m } from "../i18n";
import { Badge } from "../ui/bits";
import { Button } from "../ui/Button";
import { listStyles, ResourceList } from "../ui/list";

type Props = { template: Template; onRestore: (version: TemplateVersion) => void };

export function Versions({ template, onRestore }: Props) {
  const list = useQuery({
    queryKey: keys.templateVersions(template.id, template.version),
    queryFn: async ({ signal }) =>
      (await templates.versions(template.id, signal)).items.map((version) => ({ ...version, id: String(version.number) })),
  });
  return (
    <ResourceList query={list} failed={m.templates.versionsFailed} empty={null}>
      {(version) => (
        <div className={listStyles.row}>
          <span className={listStyles.main}>
            <strong>{m.templates.version(version.number)}</strong>
            <span className={listStyles.sub}>
              {longTime(version.createdAt)}
              {version.content.subject && ` · ${version.content.subject}`}
            </span>
          </span>
          <span className={listStyles.side}>
            {version.number === template.version ? (
              <Badge tone="ok">{m.templates.current}</Badge>
            ) : (
              <Button small aria-label={m.templates.restoreLabel(version.number)} onClick={() => onRestore(version)}>
                {m.templates.restore}
              </Button>
            )}
          </span>
        </div>
      )}
    </ResourceList>
  );
}
