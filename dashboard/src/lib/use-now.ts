/// The time, ticking: all components of one interval share one timer, and no timer runs in a hidden tab.
import { useSyncExternalStore } from 'react';

class Ticker {
  private readonly watchers = new Set<() => void>();
  private timer = 0;
  private now_ = Date.now();

  constructor(private readonly everyMs: number) {}

  subscribe = (watcher: () => void): (() => void) => {
    if (this.watchers.size === 0) {
      this.now_ = Date.now();
      this.timer = window.setInterval(this.tick, this.everyMs);
      document.addEventListener('visibilitychange', this.tick);
    }
    this.watchers.add(watcher);
    return () => {
      this.watchers.delete(watcher);
      if (this.watchers.size > 0) return;
      window.clearInterval(this.timer);
      document.removeEventListener('visibilitychange', this.tick);
    };
  };

  now = (): number => {
    // With nobody subscribed the last tick may be long ago.
    if (this.watchers.size === 0) this.now_ = Math.max(this.now_, Math.floor(Date.now() / this.everyMs) * this.everyMs);
    return this.now_;
  };

  private readonly tick = (): void => {
    if (document.hidden) return;
    this.now_ = Date.now();
    for (const watcher of this.watchers) watcher();
  };
}

const tickers = new Map<number, Ticker>();

export function useNow(everyMs = 1_000): number {
  let ticker = tickers.get(everyMs);
  if (!ticker) {
    ticker = new Ticker(everyMs);
    tickers.set(everyMs, ticker);
  }
  return useSyncExternalStore(ticker.subscribe, ticker.now);
}
