/// What went wrong with an attempt, in words, and what to do about it.

export interface Explanation {
  /// A few words: "Name not found", "503 Service Unavailable".
  title: string;
  /// What happened, as a sentence.
  what: string;
  /// What somebody can do about it.
  todo: string;
  /// The page where they may have to do it; none where the receiver must be mended.
  where: 'webhook' | 'settings' | null;
}

interface Words {
  name: string;
  what: string;
  todo: string;
  where?: 'webhook' | 'settings';
}

const kCodes: Record<string, Words> = {
  dns: {
    name: 'Name not found',
    what: 'The host name in the URL could not be resolved to an address.',
    todo: 'Look for a typing error in the URL, and whether the name still exists in DNS. If the name is new, name servers may need some time.',
    where: 'webhook',
  },
  address_denied: {
    name: 'Address not allowed',
    what: 'The name resolves to an address that the egress rules refuse, for example a private one. Nothing was sent.',
    todo: 'Use a public address, or have whoever runs the server allow this one. The rules in force stand in the settings.',
    where: 'settings',
  },
  connect: {
    name: 'No connection',
    what: 'The receiver refused the connection, or its network cannot be reached.',
    todo: 'See whether the receiver runs and listens on this port, and whether a firewall lets this server through.',
  },
  connect_timeout: {
    name: 'Connecting took too long',
    what: 'Nobody answered the attempt to connect in time. Most often a firewall drops it silently.',
    todo: 'See whether a firewall or an allow-list at the receiver lets this server through, and whether the receiver is overloaded.',
  },
  tls: {
    name: 'TLS failed',
    what: 'No safe connection came about: the certificate has expired, is of another name, or is signed by nobody who is trusted.',
    todo: 'Mend the certificate at the receiver: it must be valid, be of this host name, and be sent with its intermediate certificates.',
  },
  timeout: {
    name: 'Timed out',
    what: 'The whole answer did not come within the webhook’s timeout. The receiver may have acted on the event all the same.',
    todo: 'Let the receiver answer at once and do the work afterwards, or raise the timeout of the webhook. Use the header webhook-id to tell repeats.',
    where: 'webhook',
  },
  connection_closed: {
    name: 'Connection closed',
    what: 'The receiver or something before it closed the connection before the answer was complete.',
    todo: 'Look into the receiver’s log at this time: it may have crashed or restarted, or a proxy may close too early.',
  },
  protocol: {
    name: 'Not HTTP',
    what: 'What came back is no HTTP that can be understood, or it exceeds a limit, for example that of the headers.',
    todo: 'See whether the port of the URL is the right one and speaks HTTP/1.1, and whether it should be https in the place of http.',
    where: 'webhook',
  },
  invalid_url: {
    name: 'URL not usable',
    what: 'The webhook’s URL is not one that can be sent to. Nothing was sent.',
    todo: 'Edit the URL of the webhook: http or https, a host, and a port that is one.',
    where: 'webhook',
  },
  interrupted: {
    name: 'Interrupted',
    what: 'The server stopped while this attempt ran, so its outcome is not known. The receiver may have got the event.',
    todo: 'Nothing: the next attempt is made by itself. The receiver can tell a repeat by the header webhook-id.',
  },
};

const kRedirect: Omit<Words, 'name'> = {
  what: 'The receiver sent the request elsewhere. Redirects are never followed, for the signed request would go to somebody else.',
  todo: 'Set the webhook’s URL to the final address: the header location of the answer names it. Often https or a slash at the end is missing.',
  where: 'webhook',
};

const kNames: Record<number, string> = {
  301: 'Moved Permanently',
  302: 'Found',
  303: 'See Other',
  307: 'Temporary Redirect',
  308: 'Permanent Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

const kRefusedContent: Omit<Words, 'name'> = {
  what: 'The receiver understood the request but refuses its content.',
  todo: 'Its answer may say what it misses. Compare the body with what the receiver expects of this event type.',
};
const kUnauthorized: Omit<Words, 'name'> = {
  what: 'The receiver does not believe who is calling.',
  todo: 'Check the signature with the secret of this webhook (was it rotated?), and the headers of the webhook, for example authorization.',
  where: 'webhook',
};
const kGateway: Omit<Words, 'name'> = {
  what: 'A proxy before the receiver could not reach it, or waited for it in vain.',
  todo: 'See whether the receiver runs behind its proxy or load balancer. If it is being deployed, later attempts will arrive.',
};

const kStatuses: Record<number, Omit<Words, 'name'>> = {
  400: kRefusedContent,
  401: kUnauthorized,
  403: kUnauthorized,
  404: {
    what: 'The receiver has nothing at this path.',
    todo: 'Compare the path of the webhook’s URL with the route of the receiver: a deployment may have moved it.',
    where: 'webhook',
  },
  405: {
    what: 'The receiver does not take POST at this path.',
    todo: 'Let the route accept POST, or set the webhook’s URL to the one that does.',
    where: 'webhook',
  },
  408: {
    what: 'The receiver says that the request did not come in time.',
    todo: 'See whether the receiver or its proxy is overloaded.',
  },
  409: {
    what: 'The receiver says that the event conflicts with what it has. Perhaps it knows it already.',
    todo: 'A receiver that gets an event again should answer 2xx. Purge this delivery if it has the event.',
  },
  410: {
    what: 'The receiver says that it is gone for good. The webhook was disabled, and this delivery is not tried again.',
    todo: 'If that was a mistake, enable the webhook again and replay what died. Otherwise delete the webhook.',
    where: 'webhook',
  },
  413: {
    what: 'The event is larger than the receiver or its proxy takes.',
    todo: 'Raise the limit for bodies at the receiver and its proxy, or send smaller events.',
  },
  415: {
    what: 'The receiver does not take application/json.',
    todo: 'Let it accept the content type application/json.',
  },
  422: kRefusedContent,
  429: {
    what: 'The receiver gets more than it wants. A Retry-After in its answer is honoured.',
    todo: 'Lower how many requests the webhook makes at once (max in flight), or raise the receiver’s limit.',
    where: 'webhook',
  },
  501: {
    what: 'The receiver does not do what was asked.',
    todo: 'See whether the URL is that of the right program.',
  },
  502: kGateway,
  503: {
    what: 'The receiver is overloaded or in maintenance. A Retry-After in its answer is honoured.',
    todo: 'Most often this passes. If not, look at the receiver’s load, and lower how many requests the webhook makes at once.',
    where: 'webhook',
  },
  504: kGateway,
};

const kClientError: Omit<Words, 'name'> = {
  what: 'The receiver refused the request.',
  todo: 'Its answer may say why. What it refuses now it will most likely refuse again until somebody changes something.',
};
const kServerError: Omit<Words, 'name'> = {
  what: 'The receiver failed while it handled the event.',
  todo: 'Look into the receiver’s log at this time. Its answer may say more.',
};
const kOtherStatus: Omit<Words, 'name'> = {
  what: 'Only an answer from 200 to 299 counts as taken.',
  todo: 'Let the receiver answer 200 or 204 when it has the event.',
};

/// "503 Service Unavailable", or the number alone.
export function statusName(status: number): string {
  const name = kNames[status];
  return name ? `${status} ${name}` : String(status);
}

/// Null where nothing failed: no error, and an answer of 2xx or none yet. `code` is the attempt's error code.
export function explainFailure(code: string | null | undefined, status: number | null | undefined): Explanation | null {
  if (code && code !== 'status' && code !== 'redirect' && code !== 'none') {
    const words = kCodes[code];
    if (!words) return { title: code, what: 'The attempt failed.', todo: 'The message of the attempt may say more.', where: null };
    // An answer may have begun before it was cut off or took too long.
    const began = status ? ` The answer had begun with ${statusName(status)}.` : '';
    return explanation(words.name, { ...words, what: words.what + began });
  }
  if (status === null || status === undefined || (status >= 200 && status < 300)) return null;
  const title = statusName(status);
  if (status >= 300 && status < 400) return explanation(title, kRedirect);
  const words = kStatuses[status] ?? (status >= 500 ? kServerError : status >= 400 ? kClientError : kOtherStatus);
  return explanation(title, words);
}

function explanation(title: string, { what, todo, where }: Omit<Words, 'name'>): Explanation {
  return { title, what, todo, where: where ?? null };
}

/// In a cell of a table: the answer's number, or the error's name; '' where there was no attempt yet.
export function answerText(code: string | null | undefined, status: number | null | undefined): string {
  if (code && code !== 'status' && code !== 'redirect') return kCodes[code]?.name ?? code;
  return status ? String(status) : '';
}

/// A delivery's last attempt within a sentence: "answered 503", "timed out"; null where there was none.
export function lastAnswer({ last_status_code: status, last_error: code }: { last_status_code: number | null; last_error: string | null }): string | null {
  if (status !== null) return `answered ${status}`;
  if (code === null) return null;
  const name = kCodes[code]?.name ?? code;
  return /^[A-Z]{2}/.test(name) ? name : name.charAt(0).toLowerCase() + name.slice(1);
}

const kReasons: Record<string, string> = {
  attempts_exhausted: 'All attempts of the retry policy failed.',
  gone: 'The receiver answered 410: it is gone for good.',
  cancelled_by_user: 'Somebody cancelled it.',
  purged: 'It was purged from the dead letters.',
  webhook_deleted: 'Its webhook was deleted.',
};

/// Why a delivery is dead or cancelled, as a sentence; '' for none.
export function reasonText(reason: string | null | undefined): string {
  return reason ? (kReasons[reason] ?? reason) : '';
}
