// The list of videos: by filters, page by page, and as they are now.

import { fill, h } from './dom.js';
import { isFinal } from './final.js';
import { Filters } from './filters.js';
import { Follower } from './follow.js';
import { icon } from './icons.js';
import { ListView } from './list_view.js';
import { Pictures } from './pictures.js';
import { Selection } from './selection.js';
import { hasPicture } from './thumb.js';
import { problemBox } from './words.js';

/** Videos of the first page, of each further one, and of the pages by which what is shown is asked about again. */
const FIRST = 24;
const FURTHER = 48;
const AGAIN = 100;
/** Counts of their own are asked for at most so often. */
const COUNTS_MS = 30_000;
/** Questions in a row without an answer, after which the list says that it may be old. */
const MOST_FAILURES = 2;

export class VideoList {
  #api;
  #session;
  #cursor = null;
  #round = 0;
  #failures = 0;
  #countedAt = 0;
  #isHidden;
  #isLoaded = false;
  #isPaused = false;
  #follower = new Follower(() => this.#refresh());

  /** `isHidden(id)`: videos shown elsewhere. `onQuery(query)` hears of filters chosen here. */
  constructor(api, { session, isHidden = () => false, onQuery }) {
    this.#api = api;
    this.#session = session;
    this.#isHidden = isHidden;
    this.filters = new Filters(session);
    this.filters.addEventListener('change', () => {
      onQuery(this.filters.query);
      this.load();
    });
    this.selection = new Selection(api, session, {
      onChange: () => this.view?.drawSelection(),
      onVideo: (video) => this.changed(video),
      onGone: (id) => this.#gone(id),
      onDone: () => this.refresh(),
      onEmpty: () => this.#focusSomewhere(),
    });
    this.pictures = new Pictures(api, (id, url) => this.view.picture(id, url));
    this.view = new ListView({
      session,
      selection: this.selection,
      onDelete: (video) => this.#remove(video),
      onLost: (video) => this.pictures.again(video.id),
      pictureOf: (id) => this.pictures.of(id),
    });
    this.note = h('div', { class: 'note' });
    this.trouble = h('div', { class: 'note' });
    this.more = h('button', { type: 'button', class: 'quiet', hidden: true, onclick: () => this.#page(FURTHER) });
    this.views = this.#viewButtons();
    this.heading = h('h2', { id: 'list-heading', tabindex: '-1' });
    this.element = h('section', { class: 'list', 'aria-labelledby': 'list-heading' },
      h('div', { class: 'section-head' }, this.heading, this.views),
      this.filters.element, this.trouble, this.selection.report, this.view.element, this.note,
      h('div', { class: 'more' }, this.more), this.selection.bar);
    this.view.element.hidden = true;
    this.drawRights();
  }

  /** What the token may do has become known. */
  drawRights() {
    fill(this.heading, this.#session.seesAll ? 'Videos' : 'Your videos');
    this.filters.drawRights();
    this.view.drawRights();
  }

  /** The filters of an address; from the beginning. */
  open(query) {
    this.filters.read(query);
    return this.load();
  }

  /** From the beginning, with the filters as they are. */
  async load() {
    this.#round += 1;
    this.#cursor = null;
    this.#countedAt = 0;
    this.#isLoaded = this.#isPaused = false;
    this.#follower.stop();
    await this.#page(FIRST, true);
  }

  /** The list is looked at again. */
  resume() {
    if (!this.#isLoaded) return this.load();
    this.#isPaused = false;
    this.#follower.start();
    return this.#follower.now();
  }

  pause() {
    this.#isPaused = true;
    this.#follower.stop();
  }

  /** Asks now what has changed. */
  refresh() { return this.#follower.now(); }

  close() {
    this.#round += 1;
    this.#follower.stop();
  }

  /** Shows a video as it is now; gives whether that is news. */
  changed(video) {
    const before = this.view.get(video.id);
    if (this.#isHidden(video.id) || !this.view.put(video)) return false;
    // Another frame may stand for it now.
    if (before && before.thumbnail_time !== video.thumbnail_time) this.pictures.forget(video.id);
    return true;
  }

  /** Pages until enough has come: the service may give short ones, even empty ones, before the last. */
  async #page(wanted, first = false) {
    const round = this.#round;
    this.#busy(true);
    if (first && this.view.size === 0) fill(this.note, h('p', { class: 'hint' }, 'Getting the videos…'));
    const fresh = [];
    let isFirst = first;
    try {
      do {
        const page = await this.#api.list(this.#query(wanted, this.#cursor));
        if (round !== this.#round) return;
        if (isFirst) this.#begin();
        isFirst = false;
        this.#isLoaded = true;
        if (page.counts) this.#counted(page.counts);
        this.#cursor = page.next_cursor;
        const shown = page.data.filter((video) => !this.view.get(video.id) && this.changed(video));
        fresh.push(...shown);
        this.pictures.load(shown.filter(hasPicture).map((video) => video.id));
      } while (fresh.length < wanted && this.#cursor !== null);
      if (!first && fresh.length > 0) this.view.link(fresh[0].id).focus();
      this.#drawEnd();
      if (!this.#isPaused) this.#follower.start({ unfinished: this.#isUnfinished });
      await this.#count();
    } catch (error) {
      if (round === this.#round) fill(this.note, problemBox(error, { retry: () => this.load() }));
    } finally {
      if (round === this.#round) this.#busy(false);
    }
  }

  #query(limit, cursor) {
    const { query } = this.filters;
    query.set('limit', limit);
    if (cursor) query.set('cursor', cursor);
    else if (this.filters.countsWithList) query.set('count', 'true');
    return query;
  }

  /** The first page of other filters has come: what was shown goes. */
  #begin() {
    this.view.isOldestFirst = this.filters.isOldestFirst;
    this.view.clear();
    fill(this.note);
    fill(this.trouble);
    fill(this.selection.report);
  }

  /** What is shown, as it is now, and what has come since. */
  async #refresh() {
    const round = this.#round;
    try {
      const { known, covers, counts, changes } = await this.#ask(round);
      if (round !== this.#round) return { news: false, unfinished: true };
      if (counts) this.#counted(counts);
      this.#failures = 0;
      fill(this.trouble);
      const gone = this.view.videos.filter(({ id }) => covers(id) && !known.has(id));
      for (const { id } of gone) this.#gone(id);
      this.view.age();
      this.#drawEnd();
      this.pictures.load(this.view.videos.filter(hasPicture).map((video) => video.id));
      await this.#count();
      return { news: changes + gone.length > 0, unfinished: this.#isUnfinished };
    } catch (error) {
      this.#failures += 1;
      if (this.#failures >= MOST_FAILURES) fill(this.trouble, problemBox(error, { retry: () => this.refresh() }));
      throw error;
    }
  }

  /** Goes through the pages of what is shown. `known`: ids that were found; `covers(id)`: whether it was asked about. */
  async #ask(round) {
    const limit = Math.min(AGAIN, Math.max(FIRST, this.view.size));
    const most = Math.ceil(this.view.size / AGAIN) + 1;
    const last = this.#cursor === null ? null : this.view.videos.at(-1)?.id ?? null;
    const isAfter = (id, other) => (this.filters.isOldestFirst ? id > other : id < other);
    const isBeyond = (id) => last !== null && !isAfter(last, id);
    const known = new Set();
    let [cursor, reached, counts, changes] = [null, null, null, 0];
    for (let at = 0; at < most; at += 1) {
      const page = await this.#api.list(this.#query(limit, cursor));
      if (round !== this.#round) break;
      counts ??= page.counts ?? null;
      for (const video of page.data) known.add(video.id);
      // What lies beyond the last one that is shown belongs to the next page of the list.
      changes += page.data.filter((video) => (this.view.get(video.id) || !isBeyond(video.id)) && this.changed(video)).length;
      reached = page.data.at(-1)?.id ?? reached;
      cursor = page.next_cursor;
      if (cursor === null || (reached !== null && isBeyond(reached))) break;
    }
    const covers = (id) => cursor === null || (reached !== null && !isAfter(id, reached));
    return { known, covers, counts, changes };
  }

  get #isUnfinished() { return this.view.videos.some((video) => !isFinal(video)); }

  /** Counts where the list cannot bring them. */
  async #count() {
    const { countQuery: query, countsWithList } = this.filters;
    if (query === null) return this.filters.counts(null);
    if (countsWithList || Date.now() - this.#countedAt < COUNTS_MS) return undefined;
    this.#countedAt = Date.now();
    const round = this.#round;
    query.set('limit', '1');
    query.set('count', 'true');
    const page = await this.#api.list(query).catch(() => null);
    if (page && round === this.#round) this.filters.counts(page.counts);
    return undefined;
  }

  #counted(counts) {
    this.#countedAt = Date.now();
    this.filters.counts(counts);
  }

  #gone(id) {
    if (!this.view.remove(id)) this.#focusSomewhere();
    this.#drawEnd();
  }

  #focusSomewhere() {
    const first = this.view.videos[0];
    const place = first ? this.view.link(first.id) : this.heading;
    place.focus({ preventScroll: true });
  }

  async #remove(video) {
    try {
      const { confirmRemoval } = await import('./dialog.js');
      const removed = await confirmRemoval(this.#api, video);
      if (!removed) return;
      this.changed(removed);
      this.#follower.start();
    } catch (error) {
      if (error.status === 404) return this.#gone(video.id);
      fill(this.trouble, problemBox(error));
    }
  }

  #viewButtons() {
    const buttons = [['table', 'Table'], ['grid', 'Grid']].map(([kind, name]) => h('button', { type: 'button', class: 'chip', 'data-kind': kind, onclick: () => choose(kind) }, icon(kind), name));
    const draw = () => {
      for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.kind === this.view.kind));
    };
    const choose = (kind) => {
      this.view.choose(kind);
      draw();
    };
    draw();
    return h('div', { class: 'chips views', role: 'group', 'aria-label': 'View' }, buttons);
  }

  #busy(is) {
    this.view.element.setAttribute('aria-busy', String(is));
    this.more.disabled = is;
    fill(this.more, is ? 'Getting older videos…' : this.filters.isOldestFirst ? 'Show newer videos' : 'Show older videos');
  }

  /** What stands below the list. */
  #drawEnd() {
    this.more.hidden = this.#cursor === null;
    this.view.element.hidden = this.view.size === 0;
    const { isNarrow } = this.filters;
    const isEmpty = this.view.size === 0 && this.#cursor === null;
    // Where there is nothing, there is nothing to look for.
    this.filters.element.hidden = this.views.hidden = isEmpty && !isNarrow;
    if (!isEmpty) return fill(this.note);
    const all = h('button', { type: 'button', class: 'quiet', onclick: () => this.filters.clear() }, 'Show all videos');
    return fill(this.note, h('div', { class: 'empty' }, icon(isNarrow ? 'search' : 'film'),
      h('p', { class: 'empty-title' }, isNarrow ? 'No video fits these filters' : 'No videos yet'),
      isNarrow ? all : h('p', {}, this.#session.mayUpload ? 'Drop a file above: it shows up here, from its first byte until it plays.' : 'When somebody uploads one, it shows up here.')));
  }
}
