/** The plain-text side of what the editor holds: lists keep their marks, quotes their “>”, links their address. Pure. */

export type Node = {
  type?: string;
  text?: string;
  attrs?: Record<string, unknown>;
  marks?: { type: string; attrs?: Record<string, unknown> }[];
  content?: Node[];
};

export function plainText(doc: Node): string {
  return blocks(doc.content ?? []).trim();
}

function blocks(nodes: Node[]): string {
  return nodes.map(block).join("\n\n");
}

function block(node: Node): string {
  const children = node.content ?? [];
  switch (node.type) {
    case "bulletList":
      return children.map((item) => listItem(item, "- ")).join("\n");
    case "orderedList": {
      const start = typeof node.attrs?.["start"] === "number" ? node.attrs["start"] : 1;
      return children.map((item, index) => listItem(item, `${start + index}. `)).join("\n");
    }
    case "blockquote":
      return blocks(children).split("\n").map((line) => (line ? `> ${line}` : ">")).join("\n");
    case "horizontalRule":
      return "---";
    default:
      return children.map(inline).join("");
  }
}

function listItem(item: Node, mark: string): string {
  const indent = " ".repeat(mark.length);
  const text = (item.content ?? []).map(block).join("\n");
  return text.split("\n").map((line, index) => (index === 0 ? mark + line : line && indent + line)).join("\n");
}

function inline(node: Node): string {
  if (node.type === "hardBreak") return "\n";
  const text = node.text ?? "";
  const href = node.marks?.find((mark) => mark.type === "link")?.attrs?.["href"];
  if (typeof href !== "string" || href === text || href === `mailto:${text}`) return text;
  return `${text} (${href})`;
}
