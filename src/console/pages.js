// The pages beside the list of videos: which address leads to which. Each is loaded when it is first opened.

/** `pattern` is of the address behind `#/`; `open(context, match)` gives the page. */
export const PAGES = [
  {
    pattern: /^videos\/([0-9a-f-]{36})$/i,
    async open(context, [, id]) {
      const { videoPage } = await import('./video_page.js');
      return videoPage(context, id);
    },
  },
  {
    pattern: /^events$/,
    async open(context) {
      const { eventsPage } = await import('./events_page.js');
      return eventsPage(context);
    },
  },
  {
    pattern: /^health$/,
    async open(context) {
      const { healthPage } = await import('./health_page.js');
      return healthPage(context);
    },
  },
  {
    pattern: /^setup$/,
    async open(context) {
      const { setupPage } = await import('./setup_page.js');
      return setupPage(context);
    },
  },
];

/** The links of the navigation, for admins alone: `name` is the address behind `#/`. */
export const ADMIN_LINKS = [['events', 'Events'], ['health', 'Health'], ['setup', 'Setup']];
