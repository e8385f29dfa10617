// Runs before everything else. Sets the theme before the first paint, so that no page flashes in the wrong one
// (src/lib/theme.ts is the other half), and asks for what the pages' code would ask for when it runs: who is signed in,
// and the overview's own code. What needs it later finds it there.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('eventrelay.theme');
  } catch (_) {
    // Storage may be switched off: the system's theme it is.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';

  function ask(what) {
    document.head.append(Object.assign(document.createElement('link'), what));
  }
  ask({ rel: 'preload', as: 'fetch', crossOrigin: 'anonymous', href: '/api/auth/me' });
  var overview = document.currentScript.dataset.overview;
  if (location.pathname === '/' && overview) {
    overview.split(' ').forEach(function (file) {
      ask({ rel: 'modulepreload', href: file });
    });
  }
})();
