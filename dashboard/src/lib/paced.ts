/// Runs `run` over `items`, so many a second at most and a few at once, until all are done or the signal says stop.
/// What fails is counted; the rest goes on.

export interface PacedProgress {
  done: number;
  failed: number;
  /// Of the first that failed.
  error: unknown;
}

interface PacedOptions<T> {
  items: readonly T[];
  run: (item: T) => Promise<unknown>;
  /// A second; null for as fast as it goes.
  rate: number | null;
  atOnce?: number;
  signal?: AbortSignal;
  onProgress?: (progress: PacedProgress) => void;
  /// For tests.
  wait?: (ms: number) => Promise<void>;
  now?: () => number;
}

export async function runPaced<T>({ items, run, rate, atOnce = 4, signal, onProgress, wait = sleep, now = Date.now }: PacedOptions<T>): Promise<PacedProgress> {
  let progress: PacedProgress = { done: 0, failed: 0, error: null };
  let next = 0;
  const begun = now();
  const worker = async (): Promise<void> => {
    while (next < items.length && !signal?.aborted) {
      const index = next++;
      if (rate !== null) {
        const early = begun + (index * 1_000) / rate - now();
        if (early > 0) await wait(early);
        if (signal?.aborted) return;
      }
      try {
        await run(items[index] as T);
        progress = { ...progress, done: progress.done + 1 };
      } catch (error) {
        progress = { ...progress, failed: progress.failed + 1, error: progress.error ?? error };
      }
      onProgress?.(progress);
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, worker));
  return progress;
}

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}
