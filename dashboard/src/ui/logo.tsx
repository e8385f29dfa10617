import { Link } from 'react-router';

export function Logo() {
  return (
    <Link to="/" aria-label="EventRelay, overview" className="text-ink flex items-center gap-2 rounded-md px-1 text-sm font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" aria-hidden className="size-6">
        <rect width="32" height="32" rx="8" className="fill-accent" />
        <g fill="none" stroke="#fff" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
          <path d="M8 16h5.5" />
          <path d="M13.5 16 22 9.5" />
          <path d="M13.5 16 22 22.5" />
        </g>
        <g fill="#fff">
          <circle cx="7.5" cy="16" r="2.6" />
          <circle cx="23.5" cy="9" r="2.6" />
          <circle cx="23.5" cy="23" r="2.6" />
        </g>
      </svg>
      EventRelay
    </Link>
  );
}
