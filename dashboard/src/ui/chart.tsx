/// A chart over time. Follows the theme and its box; the values are read by hover, by arrow keys, and as a table.
///   <Chart label="Deliveries" times={[…ms]} series={[{ label: 'Succeeded', tone: 'ok', values: […] }]}
///     format={perSecond} summary="12 succeeded, 3 failed" kind="bars" stacked />
import { ChartLine, Table2 } from 'lucide-react';
import { useEffect, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react';
import uPlot from 'uplot';
import { cx } from '@/lib/cx';
import { useTheme } from '@/lib/theme';
import { clock, kDay, kHour, kMinute } from '@/lib/time';
import type { Tone } from './badge';
import { IconButton } from './button';

export interface ChartSeries {
  label: string;
  tone: Tone;
  /// As many as `times`. Null: nothing was measured.
  values: readonly (number | null)[];
  /// Beside the label when nothing is pointed at: a total, the newest value.
  total?: string;
}

interface ChartProps {
  /// Its name: read out with the summary, the caption of the table.
  label: string;
  /// Milliseconds, rising.
  times: readonly number[];
  series: readonly ChartSeries[];
  format: (value: number) => string;
  /// One sentence that says what a person would see.
  summary: string;
  kind?: 'line' | 'area' | 'bars';
  /// From the first (at the bottom) to the last.
  stacked?: boolean;
  height?: number;
  /// The highest value that the axis shows at least.
  floorMax?: number;
  /// Charts with the same name move their cursors together.
  syncKey?: string;
}

/// Marks of legends and readouts. Beside text, so 3:1 against the surface is enough.
const kToneMark: Record<Tone, string> = {
  ok: 'bg-chart-ok',
  warn: 'bg-chart-warn',
  bad: 'bg-chart-bad',
  info: 'bg-chart-info',
  accent: 'bg-chart-accent',
  neutral: 'bg-line-strong',
};

const kToneVariable: Record<Tone, string> = {
  ok: '--chart-ok',
  warn: '--chart-warn',
  bad: '--chart-bad',
  info: '--chart-info',
  accent: '--chart-accent',
  neutral: '--line-strong',
};

export function Chart({ label, times, series, format, summary, kind = 'line', stacked, height = 168, floorMax = 0, syncKey }: ChartProps) {
  const theme = useTheme();
  const holder = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [at, setAt] = useState<{ index: number; left: number; width: number } | null>(null);
  const [asTable, setAsTable] = useState(false);
  const latestFormat = useRef(format);
  useEffect(() => {
    latestFormat.current = format;
  }, [format]);

  const data = useMemo(() => toData(times, series, stacked ?? false), [times, series, stacked]);
  const latestData = useRef(data);
  const shape = series.map((s) => `${s.label}:${s.tone}`).join('|');
  const stepMs = (times[1] ?? 0) - (times[0] ?? 0);

  // Before the first paint: the page is drawn once, with its charts.
  useLayoutEffect(() => {
    const box = holder.current;
    if (!box) return;
    const tones = shape.split('|').map((part) => part.split(':')[1] as Tone);
    const made = new uPlot(
      options({ tones, kind, stacked: stacked ?? false, height, floorMax, syncKey, width: box.clientWidth || 300, format: (v) => latestFormat.current(v), onCursor: setAt }),
      latestData.current,
      box,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      // An observer begins by telling the size that there is.
      if (box.clientWidth > 0 && box.clientWidth !== made.width) made.setSize({ width: box.clientWidth, height });
    });
    observer.observe(box);
    return () => {
      observer.disconnect();
      plot.current = null;
      made.destroy();
    };
    // The theme is read from the document when it is drawn; the box is another one after the table.
  }, [asTable, shape, kind, stacked, height, floorMax, syncKey, theme]);

  useEffect(() => {
    latestData.current = data;
    plot.current?.setData(data);
  }, [data]);

  const onKeyDown = (event: KeyboardEvent): void => {
    const u = plot.current;
    if (!u || times.length === 0) return;
    const now = at?.index ?? times.length;
    const next = { ArrowLeft: now - 1, ArrowRight: now + 1, Home: 0, End: times.length - 1 }[event.key];
    if (event.key === 'Escape') setAt(null);
    if (next === undefined) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(times.length - 1, next));
    u.setCursor({ left: u.valToPos((times[index] ?? 0) / 1000, 'x'), top: 10 });
  };

  const pointed = at && times[at.index] !== undefined ? at : null;
  return (
    <figure className="min-w-0" aria-label={`${label}. ${summary}`}>
      <div className="mb-1 flex items-start justify-between gap-2">
        <ul className="flex min-h-6 min-w-0 flex-wrap items-center gap-x-4 gap-y-0.5 text-xs">
          {series.map((s) => (
            <li key={s.label} className="flex items-center gap-1.5">
              <span aria-hidden className={cx('size-2 rounded-xs', kToneMark[s.tone])} />
              <span className="text-muted">{s.label}</span>
              {s.total !== undefined && <span className="text-ink tnum font-medium">{s.total}</span>}
            </li>
          ))}
        </ul>
        <IconButton size="sm" icon={asTable ? ChartLine : Table2} label={asTable ? 'Show as a chart' : 'Show as a table'} onClick={() => setAsTable(!asTable)} className="-mt-0.5 -mr-1 h-6! w-6!" />
      </div>
      {asTable ? (
        <DataOf label={label} times={times} series={series} format={format} stepMs={stepMs} height={height} />
      ) : (
        <div className="relative" onPointerLeave={() => setAt(null)}>
          <div
            ref={holder}
            role="slider"
            tabIndex={0}
            aria-label={`${label}: arrow keys read the values`}
            aria-valuemin={0}
            aria-valuemax={Math.max(0, times.length - 1)}
            aria-valuenow={pointed?.index ?? Math.max(0, times.length - 1)}
            aria-valuetext={pointed ? describe(pointed.index, times, series, format, stepMs) : summary}
            onKeyDown={onKeyDown}
            onBlur={() => setAt(null)}
            className={cx('rounded-sm', height >= 100 && 'min-h-24')}
          />
          {pointed && <Readout at={pointed} times={times} series={series} format={format} stepMs={stepMs} />}
        </div>
      )}
    </figure>
  );
}

interface Shown {
  times: readonly number[];
  series: readonly ChartSeries[];
  format: (value: number) => string;
  stepMs: number;
}

function describe(index: number, times: readonly number[], series: readonly ChartSeries[], format: (v: number) => string, stepMs: number): string {
  const values = series.map((s) => `${s.label} ${show(s.values[index], format)}`);
  return `${spanText(times[index] ?? 0, stepMs)}: ${values.join(', ')}`;
}

function show(value: number | null | undefined, format: (v: number) => string): string {
  return value === null || value === undefined ? '–' : format(value);
}

function Readout({ at, times, series, format, stepMs }: Shown & { at: { index: number; left: number; width: number } }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const own = element.offsetWidth;
    const left = at.left + 14 + own > at.width ? at.left - own - 14 : at.left + 14;
    element.style.transform = `translateX(${Math.max(0, Math.round(left))}px)`;
  }, [at]);
  return (
    <div ref={box} aria-hidden className="border-line bg-raised shadow-pop pointer-events-none absolute top-1 left-0 z-10 min-w-32 rounded-md border px-2.5 py-1.5 text-xs">
      <p className="text-muted mb-1 whitespace-nowrap">{spanText(times[at.index] ?? 0, stepMs)}</p>
      {series.toReversed().map((s) => (
        <p key={s.label} className="flex items-center gap-1.5 whitespace-nowrap">
          <span className={cx('size-2 rounded-xs', kToneMark[s.tone])} />
          <span className="text-soft flex-1">{s.label}</span>
          <span className="text-ink tnum pl-3 font-medium">{show(s.values[at.index], format)}</span>
        </p>
      ))}
    </div>
  );
}

function DataOf({ label, times, series, format, stepMs, height }: Shown & { label: string; height: number }) {
  const tall = height > 120 ? 'h-42' : 'h-28';
  return (
    <div tabIndex={0} className={cx('overflow-auto', tall)}>
      <table className="w-full text-xs">
        <caption className="sr-only">{label}</caption>
        <thead className="bg-surface sticky top-0">
          <tr className="text-muted text-left">
            <th scope="col" className="py-1 font-medium">
              Time
            </th>
            {series.map((s) => (
              <th key={s.label} scope="col" className="py-1 text-right font-medium">
                {s.label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .map((time, index) => (
              <tr key={time}>
                <th scope="row" className="text-soft py-0.5 text-left font-normal whitespace-nowrap">
                  {spanText(time, stepMs)}
                </th>
                {series.map((s) => (
                  <td key={s.label} className="text-right">
                    {show(s.values[index], format)}
                  </td>
                ))}
              </tr>
            ))
            .toReversed()}
        </tbody>
      </table>
    </div>
  );
}

const dayTime = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayOnly = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const timeOnly = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

function spanText(ms: number, stepMs: number): string {
  if (stepMs >= kDay) return dayOnly.format(ms);
  if (stepMs < kMinute) return clock(ms);
  return stepMs >= kHour || Date.now() - ms > kDay ? dayTime.format(ms) : timeOnly.format(ms);
}

/// uPlot's columns; stacked ones are sums, the highest first, so that the lower ones are drawn over it.
function toData(times: readonly number[], series: readonly ChartSeries[], stacked: boolean): uPlot.AlignedData {
  const x = times.map((ms) => ms / 1000);
  if (!stacked) return [x, ...series.map((s) => [...s.values])];
  const sums: (number | null)[][] = [];
  for (const s of series) {
    const below = sums.at(-1);
    sums.push(s.values.map((value, index) => (value ?? 0) + (below?.[index] ?? 0)));
  }
  return [x, ...sums.toReversed()];
}

interface PlotOptions {
  tones: readonly Tone[];
  kind: 'line' | 'area' | 'bars';
  stacked: boolean;
  width: number;
  height: number;
  floorMax: number;
  syncKey: string | undefined;
  format: (value: number) => string;
  onCursor: (at: { index: number; left: number; width: number } | null) => void;
}

function options({ tones, kind, stacked, width, height, floorMax, syncKey, format, onCursor }: PlotOptions): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis = { stroke: colour('--muted'), font, ticks: { show: false } } satisfies uPlot.Axis;
  return {
    width,
    height,
    // At the right half of a time's width: the last one may stand at the end.
    padding: [8, 16, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { size: 7, width: 2, stroke: colour('--surface'), show: kind !== 'bars' },
      ...(syncKey ? { sync: { key: syncKey, setSeries: false } } : {}),
    },
    scales: { x: { time: true }, y: { range: (_u, _min, max) => [0, niceMax(Math.max(floorMax, Number.isFinite(max) ? max : 0))] } },
    axes: [
      { ...axis, grid: { show: false }, size: 22, space: 72, values: (_u, splits, _i, _s, step) => splits.map((s) => (step >= 86_400 ? dayOnly.format(s * 1000) : timeOnly.format(s * 1000))) },
      { ...axis, grid: { stroke: colour('--line'), width: 1 }, size: 52, space: 36, values: (_u, splits) => splits.map((v) => format(v)) },
    ],
    series: [
      {},
      ...(stacked ? tones.toReversed() : tones).map((tone): uPlot.Series => {
        const stroke = colour(kToneVariable[tone]);
        if (kind === 'bars') {
          return { stroke, fill: stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars?.({ size: [0.72, 14], radius: 0.15 }) };
        }
        return { stroke, width: 1.75, points: { show: false }, spanGaps: false, ...(kind === 'area' ? { fill: translucent(stroke) } : {}) };
      }),
    ],
    hooks: {
      setCursor: [
        (u) => {
          const { idx, left } = u.cursor;
          const offset = u.over.offsetLeft;
          onCursor(idx == null || left == null || left < 0 ? null : { index: idx, left: left + offset, width: u.width });
        },
      ],
    },
  };
}

function translucent(colour: string): string {
  return colour.startsWith('oklch(') ? colour.replace(/\s*(\/[^)]*)?\)$/, ' / 0.14)') : colour;
}

/// A little air over the highest value, and something to see where all are 0.
function niceMax(max: number): number {
  return max > 0 ? max * 1.08 : 1;
}
