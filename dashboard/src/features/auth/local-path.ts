/// Where to go after signing in. Only a path of this page: `next` is in the hands of who made the link.
export function localPath(next: string | null): string {
  return next && /^\/(?![/\\])/.test(next) ? next : '/';
}
