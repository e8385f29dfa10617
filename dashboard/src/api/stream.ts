/// The server's stream of what happens, one connection a tab. The browser reconnects by itself and says where it was;
/// what it cannot bridge is told to the listeners as `gap`, so that they load again what they show.

export interface StreamData {
  'event.created': { event_id: string; type: string; tenant: string | null; deliveries: number };
  'delivery.retrying': StreamDelivery;
  'delivery.succeeded': StreamDelivery;
  'delivery.dead': StreamDelivery;
  'delivery.cancelled': StreamDelivery;
  'webhook.created': { webhook_id: string };
  'webhook.updated': { webhook_id: string };
  'webhook.deleted': { webhook_id: string };
  'webhook.disabled': { webhook_id: string };
  'job.progress': { job_id: string; state: string; done: number; total: number };
  /// Above a named rate: counts in the place of single records.
  summary: { seconds: number; events: number; succeeded: number; retrying: number; dead: number; cancelled: number };
  /// Records were missed: what is shown may be old.
  gap: { reason: string };
}

export interface StreamDelivery {
  delivery_id: string;
  event_id: string;
  webhook_id: string;
  type: string;
  status: string;
  attempts: number;
  next_attempt_at?: string;
  status_code?: number;
  error?: string;
}

export type StreamKind = keyof StreamData;
export type StreamRecord = {
  [K in StreamKind]: { kind: K; id: string; at: string } & StreamData[K];
}[StreamKind];
export type StreamState = 'connecting' | 'live' | 'offline';

const kKinds: readonly StreamKind[] = [
  'event.created',
  'delivery.retrying',
  'delivery.succeeded',
  'delivery.dead',
  'delivery.cancelled',
  'webhook.created',
  'webhook.updated',
  'webhook.deleted',
  'webhook.disabled',
  'job.progress',
  'summary',
  'gap',
];

const kRetryMinMs = 1_000;
const kRetryMaxMs = 30_000;
/// A tab that nobody looks at gives its connection back: browsers allow six to one HTTP/1.1 host, over all tabs.
const kHiddenMs = 60_000;

export class Stream {
  private source: EventSource | null = null;
  private retryTimer = 0;
  private hiddenTimer = 0;
  private failures = 0;
  private wanted = false;
  private missed = false;
  private state_: StreamState = 'offline';
  private readonly listeners = new Set<(record: StreamRecord) => void>();
  private readonly watchers = new Set<() => void>();

  constructor(
    private readonly url = '/api/stream',
    private readonly open_ = (u: string) => new EventSource(u),
  ) {}

  get state(): StreamState {
    return this.state_;
  }

  /// Stays connected until `stop`. `refused` is called when the server closes for good: the session may have ended.
  start(refused: () => void): void {
    if (this.wanted) return;
    this.wanted = true;
    document.addEventListener('visibilitychange', this.visibility);
    this.connect(refused);
    this.refused = refused;
  }

  stop(): void {
    this.wanted = false;
    this.missed = false;
    document.removeEventListener('visibilitychange', this.visibility);
    this.close();
    this.setState('offline');
  }

  subscribe(listener: (record: StreamRecord) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /// For useSyncExternalStore.
  watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };

  private refused: () => void = () => undefined;

  private connect(refused: () => void): void {
    this.close();
    this.setState('connecting');
    const source = this.open_(this.url);
    this.source = source;
    source.onopen = () => {
      this.failures = 0;
      this.setState('live');
      // A connection of our own making carries no Last-Event-ID.
      if (this.missed) this.tell({ kind: 'gap', id: '', at: new Date().toISOString(), reason: 'reconnected' });
      this.missed = false;
    };
    source.onerror = () => {
      if (source.readyState !== EventSource.CLOSED) {
        this.setState('connecting');
        return;
      }
      this.missed = true;
      this.setState('offline');
      const wait = Math.min(kRetryMaxMs, kRetryMinMs * 2 ** this.failures++);
      this.retryTimer = window.setTimeout(() => this.connect(refused), wait);
      refused();
    };
    for (const kind of kKinds) {
      source.addEventListener(kind, (message: MessageEvent<string>) => this.take(kind, message));
    }
  }

  private take(kind: StreamKind, message: MessageEvent<string>): void {
    try {
      const data = JSON.parse(message.data) as object;
      this.tell({ ...data, kind, id: message.lastEventId } as StreamRecord);
    } catch {
      this.tell({ kind: 'gap', id: '', at: new Date().toISOString(), reason: 'unreadable' });
    }
  }

  private tell(record: StreamRecord): void {
    for (const listener of this.listeners) listener(record);
  }

  private readonly visibility = (): void => {
    window.clearTimeout(this.hiddenTimer);
    if (document.hidden) {
      this.hiddenTimer = window.setTimeout(() => {
        this.missed = true;
        this.close();
        this.setState('offline');
      }, kHiddenMs);
    } else if (this.wanted && this.state_ === 'offline') {
      this.failures = 0;
      this.connect(this.refused);
    }
  };

  private close(): void {
    window.clearTimeout(this.retryTimer);
    window.clearTimeout(this.hiddenTimer);
    this.source?.close();
    this.source = null;
  }

  private setState(state: StreamState): void {
    if (state === this.state_) return;
    this.state_ = state;
    for (const watcher of this.watchers) watcher();
  }
}
