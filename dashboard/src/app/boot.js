// Runs before everything else. Sets the theme before the first paint, so that no page flashes in the wrong one
// (src/lib/theme.ts is the other half), and asks for the overview's own code where that is the page: what needs it later
// finds it there.
(function () {
  var choice = null;
  try {
    choice = localStorage.getItem('eventrelay.theme');
  } catch (_) {
    // Storage may be switched off: the system's theme it is.
  }
  var dark = choice === 'dark' || (choice !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches);
  document.documentElement.dataset.theme = dark ? 'dark' : 'light';

  var overview = document.currentScript.dataset.overview;
  if (location.pathname === '/' && overview) {
    overview.split(' ').forEach(function (file) {
      document.head.append(Object.assign(document.createElement('link'), { rel: 'modulepreload', href: file }));
    });
  }
})();
