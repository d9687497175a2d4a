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
];

/** The links of the navigation, for admins alone: `name` is the address behind `#/`. */
export const ADMIN_LINKS = [];
