/// JSON as a tree that folds, or raw as it came. Numbers are shown as they were sent: never through JSON.parse.
import { ChevronRight } from 'lucide-react';
import { useMemo, useState } from 'react';
import { parseJson, prettyJson, type JsonNode } from '@/lib/json';
import { cx } from '@/lib/cx';
import { CodeBlock } from './code-block';
import { CopyIcon } from './copy';
import { Segmented } from './segmented';

const kOpenDepth = 2;
const kChildrenShown = 200;

interface JsonViewProps {
  /// JSON text. What is none is shown raw.
  text: string;
  label: string;
  className?: string;
}

export function JsonView({ text, label, className }: JsonViewProps) {
  const [mode, setMode] = useState<'tree' | 'raw'>('tree');
  const root = useMemo(() => {
    try {
      return parseJson(text);
    } catch {
      return null;
    }
  }, [text]);
  if (!root) return <CodeBlock code={text || '(empty)'} label={label} title={label} wrap className={className} />;
  const bar = (
    <Segmented
      size="sm"
      label="View"
      value={mode}
      options={[
        { value: 'tree', label: 'Tree' },
        { value: 'raw', label: 'Raw' },
      ]}
      onChange={setMode}
    />
  );
  if (mode === 'raw') return <CodeBlock code={prettyIfOneLine(text)} copy={text} label={label} title={label} bar={bar} className={className} />;
  return (
    <figure aria-label={label} className={cx('border-line bg-sunken min-w-0 overflow-hidden rounded-lg border dark:bg-page', className)}>
      <figcaption className="border-line flex min-h-9 items-center justify-between gap-2 border-b py-1 pr-1 pl-3">
        <span className="text-muted truncate text-xs font-medium">{label}</span>
        <span className="flex items-center gap-1">
          {bar}
          <CopyIcon value={text} label="Copy the JSON" />
        </span>
      </figcaption>
      <div tabIndex={0} className="max-h-112 overflow-auto p-3 font-mono text-xs leading-5">
        <ul className="min-w-max">
          <Node node={root} text={text} depth={0} last />
        </ul>
      </div>
    </figure>
  );
}

/// Raw is as it came; only what stands in one line is broken, where no reader would follow it.
function prettyIfOneLine(text: string): string {
  return text.includes('\n') ? text : prettyJson(text);
}

function Node({ node, text, name, depth, last }: { node: JsonNode; text: string; name?: string; depth: number; last: boolean }) {
  const [open, setOpen] = useState(depth < kOpenDepth);
  const [all, setAll] = useState(false);
  const key = name !== undefined && (
    <>
      <span className="text-accent-ink">{JSON.stringify(name)}</span>
      <span className="text-muted">: </span>
    </>
  );
  const comma = !last && <span className="text-muted">,</span>;
  const children = node.kind === 'object' ? node.entries : node.kind === 'array' ? node.items.map((value) => ({ key: undefined, value })) : null;
  if (!children || children.length === 0) {
    return (
      <li className="pl-4 whitespace-pre">
        {key}
        <Scalar node={node} text={text} />
        {comma}
      </li>
    );
  }
  const [before, after] = node.kind === 'object' ? ['{', '}'] : ['[', ']'];
  const count = `${children.length} ${node.kind === 'object' ? (children.length === 1 ? 'member' : 'members') : children.length === 1 ? 'item' : 'items'}`;
  return (
    <li className="whitespace-pre">
      <button
        type="button"
        aria-expanded={open}
        aria-label={`${name ?? 'value'}, ${count}`}
        onClick={() => setOpen(!open)}
        className="hover:bg-hover -ml-0.5 rounded pr-1 pl-0.5 text-left"
      >
        <ChevronRight size={12} aria-hidden className={cx('text-muted mr-1 inline-block transition-transform', open && 'rotate-90')} />
        {key}
        <span className="text-muted">{before}</span>
        {!open && (
          <span className="text-muted">
            {' '}
            {count} {after}
          </span>
        )}
      </button>
      {!open && comma}
      {open && (
        <>
          <ul className="border-line ml-1.5 border-l pl-2.5">
            {children.slice(0, all ? undefined : kChildrenShown).map((child, index) => (
              <Node key={index} node={child.value} text={text} name={child.key} depth={depth + 1} last={index === children.length - 1} />
            ))}
            {!all && children.length > kChildrenShown && (
              <li className="pl-4">
                <button type="button" className="text-accent-ink hover:underline" onClick={() => setAll(true)}>
                  {children.length - kChildrenShown} more
                </button>
              </li>
            )}
          </ul>
          <span className="text-muted pl-4">{after}</span>
          {comma}
        </>
      )}
    </li>
  );
}

function Scalar({ node, text }: { node: JsonNode; text: string }) {
  const look: Record<JsonNode['kind'], string> = {
    string: 'text-ok',
    number: 'text-info',
    boolean: 'text-warn',
    null: 'text-muted',
    object: 'text-muted',
    array: 'text-muted',
  };
  return <span className={look[node.kind]}>{text.slice(node.start, node.end)}</span>;
}
