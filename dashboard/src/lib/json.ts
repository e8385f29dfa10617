/// JSON without loss. `JSON.parse` would turn 12345678901234567890 and 1.10 into other numbers; payloads are delivered as
/// they came, so they are shown as they came: every node knows its own text.

export type JsonNode =
  | { kind: 'object'; start: number; end: number; entries: { key: string; value: JsonNode }[] }
  | { kind: 'array'; start: number; end: number; items: JsonNode[] }
  | { kind: 'string'; start: number; end: number; value: string }
  | { kind: 'number' | 'boolean' | 'null'; start: number; end: number };

export class JsonError extends Error {
  constructor(
    message: string,
    readonly at: number,
    readonly line: number,
    readonly column: number,
  ) {
    super(message);
    this.name = 'JsonError';
  }
}

const kDepthMax = 500;

/// Throws JsonError, which says where.
export function parseJson(text: string): JsonNode {
  let at = 0;

  function fail(message: string, where = at): never {
    const before = text.slice(0, where).split('\n');
    throw new JsonError(message, where, before.length, (before.at(-1)?.length ?? 0) + 1);
  }
  function space(): void {
    while (at < text.length && ' \t\n\r'.includes(text[at] ?? '')) at++;
  }
  function found(): string {
    return at >= text.length ? 'the end' : `\`${text[at] ?? ''}\``;
  }
  function string(): string {
    const start = at;
    at++;
    for (;;) {
      const c = text[at];
      if (c === undefined) fail('This text is not closed: a `"` is missing', start);
      if (c === '"') break;
      if (c < ' ') fail('A line break or tab in a text must be written as \\n or \\t');
      if (c === '\\') {
        const escaped = text[at + 1] ?? '';
        if (escaped === 'u') {
          if (!/^[0-9a-fA-F]{4}$/.test(text.slice(at + 2, at + 6))) fail('\\u needs four hexadecimal digits');
          at += 6;
          continue;
        }
        if (!'"\\/bfnrt'.includes(escaped) || escaped === '') fail(`\`\\${escaped}\` is no escape`);
        at += 2;
        continue;
      }
      at++;
    }
    at++;
    return JSON.parse(text.slice(start, at)) as string;
  }
  function value(depth: number): JsonNode {
    if (depth > kDepthMax) fail(`Nested more than ${kDepthMax} deep`);
    space();
    const start = at;
    const c = text[at];
    if (c === '{') {
      const entries: { key: string; value: JsonNode }[] = [];
      at++;
      space();
      if (text[at] === '}') return { kind: 'object', start, end: ++at, entries };
      for (;;) {
        space();
        if (text[at] !== '"') {
          fail(text[at] === '}' ? 'A comma too much' : `A name in \`"\` is expected here, not ${found()}`);
        }
        const key = string();
        space();
        if (text[at] !== ':') fail(`A \`:\` is expected after the name, not ${found()}`);
        at++;
        entries.push({ key, value: value(depth + 1) });
        space();
        if (text[at] === ',') {
          at++;
          continue;
        }
        if (text[at] !== '}') fail(`A \`,\` or \`}\` is expected here, not ${found()}`);
        return { kind: 'object', start, end: ++at, entries };
      }
    }
    if (c === '[') {
      const items: JsonNode[] = [];
      at++;
      space();
      if (text[at] === ']') return { kind: 'array', start, end: ++at, items };
      for (;;) {
        space();
        if (text[at] === ']') fail('A comma too much');
        items.push(value(depth + 1));
        space();
        if (text[at] === ',') {
          at++;
          continue;
        }
        if (text[at] !== ']') fail(`A \`,\` or \`]\` is expected here, not ${found()}`);
        return { kind: 'array', start, end: ++at, items };
      }
    }
    if (c === '"') {
      const parsed = string();
      return { kind: 'string', start, end: at, value: parsed };
    }
    const number = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/.exec(text.slice(at, at + 400));
    if (number && number[0] !== '') {
      at += number[0].length;
      if (/[\w.]/.test(text[at] ?? '')) fail('This is no number', start);
      return { kind: 'number', start, end: at };
    }
    for (const [word, kind] of [
      ['true', 'boolean'],
      ['false', 'boolean'],
      ['null', 'null'],
    ] as const) {
      if (text.startsWith(word, at) && !/\w/.test(text[at + word.length] ?? '')) {
        at += word.length;
        return { kind, start, end: at };
      }
    }
    if (c === "'") fail('Texts stand in `"`, not in `\'`');
    return fail(at >= text.length ? 'Something is missing at the end' : `A value is expected here, not ${found()}`);
  }

  const root = value(0);
  space();
  if (at < text.length) fail(`After the value nothing more may come, but ${found()} does`);
  return root;
}

/// For editors: null if it is JSON, or what is wrong and where.
export function checkJson(text: string): JsonError | null {
  try {
    parseJson(text);
    return null;
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
}

/// The text of one member of the object that `text` is, as it stands there: `rawMember(answer, 'payload')`.
export function rawMember(text: string, name: string): string | undefined {
  const root = parseJson(text);
  if (root.kind !== 'object') return undefined;
  const found = root.entries.findLast((entry) => entry.key === name);
  return found && text.slice(found.value.start, found.value.end);
}

/// Indented by two, every number and text spelled as it was.
export function prettyJson(text: string): string {
  const print = (node: JsonNode, indent: string): string => {
    const inner = `${indent}  `;
    if (node.kind === 'object') {
      if (!node.entries.length) return '{}';
      const lines = node.entries.map((e) => `${inner}${JSON.stringify(e.key)}: ${print(e.value, inner)}`);
      return `{\n${lines.join(',\n')}\n${indent}}`;
    }
    if (node.kind === 'array') {
      if (!node.items.length) return '[]';
      return `[\n${node.items.map((item) => inner + print(item, inner)).join(',\n')}\n${indent}]`;
    }
    return text.slice(node.start, node.end);
  };
  return print(parseJson(text), '');
}

/// Pretty if it is JSON, otherwise as it is: bodies of answers may be anything.
export function prettyIfJson(text: string): { text: string; json: boolean } {
  try {
    return { text: prettyJson(text), json: true };
  } catch {
    return { text, json: false };
  }
}
