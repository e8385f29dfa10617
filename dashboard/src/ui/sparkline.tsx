import { cx } from '@/lib/cx';
import { kToneText, type Tone } from './badge';

/// A small line without axes, for tiles and rows. Decoration: the number beside it says it. `from`: the value of its
/// ground, where none is lower.
export function Sparkline({ values, from = 0, tone = 'accent', className = 'h-7 w-24' }: { values: readonly number[]; from?: number; tone?: Tone; className?: string }) {
  const low = Math.min(from, ...values);
  const max = Math.max(...values, low);
  if (values.length < 2 || max === 0 || max === low) return <span aria-hidden className={className} />;
  const x = (index: number): number => (index / (values.length - 1)) * 100;
  const y = (value: number): number => 29 - ((value - low) / (max - low)) * 26;
  const line = values.map((value, index) => `${index ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}`).join('');
  return (
    <svg aria-hidden viewBox="0 0 100 30" preserveAspectRatio="none" className={cx('overflow-visible', kToneText[tone], className)}>
      <path d={`${line}L100 30L0 30Z`} className="fill-current opacity-12" />
      <path d={line} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}
