// The first page: drop files, follow their uploads, see the videos.

import { replaceQuery } from './address.js';
import { fill, h } from './dom.js';
import { dropZone } from './drop.js';
import { VideoList } from './list.js';
import { problemBox } from './words.js';

/** `{element, title, query, enter(query), leave(), close()}`. It stays while other pages are shown. */
export function homePage(context) {
  return new HomePage(context);
}

class HomePage {
  title = 'Videos';
  #context;
  #cards = new Map();
  #left = null;
  #isOpen = false;
  #sending = h('ul', { class: 'uploads', 'aria-label': 'Uploads of this tab' });
  #notes = h('div');

  constructor(context) {
    this.#context = context;
    const { api, session, uploads } = context;
    this.list = new VideoList(api, {
      session,
      isHidden: (id) => uploads.shown.some((one) => one.video?.id === id),
      onQuery: (query) => replaceQuery('', query),
    });
    this.drop = dropZone((files) => this.#stage(files).catch((error) => fill(this.#notes, problemBox(error))));
    this.slot = h('div', { class: 'slot' }, this.drop.element);
    this.noUpload = h('p', { class: 'hint', id: 'no-upload' }, 'This token uploads no videos.');
    this.noList = h('p', { class: 'hint', id: 'no-list' }, 'This token lists no videos: open one by its address.');
    this.terminal = terminalPanel(uploads);
    this.element = h('div', { class: 'page' }, h('h1', { class: 'visually-hidden', tabindex: '-1' }, 'Videos'),
      this.slot, this.noUpload, this.#sending, this.#notes, this.noList, this.list.element, this.terminal);
    uploads.addEventListener('change', this.#uploadsChanged);
    uploads.addEventListener('begun', this.#draw);
    session.addEventListener('rights', this.#drawRights);
    this.#drawRights();
    this.#draw();
  }

  /** The filters that are shown. */
  get query() { return this.list.filters.query; }

  /** The page is shown, or its address has changed. Gives true where it has put scroll and focus back. */
  enter(query) {
    const left = this.#left;
    this.#left = null;
    this.drop.listen(true);
    const isSame = this.#isOpen && query.toString() === this.query.toString();
    this.#isOpen = true;
    if (!this.#context.session.mayList) return false;
    if (!isSame) {
      this.list.open(query);
      return false;
    }
    if (!left) return false;
    scrollTo(0, left.scroll);
    if (left.focus?.isConnected) left.focus.focus({ preventScroll: true });
    else this.element.querySelector('h1').focus({ preventScroll: true });
    this.list.resume();
    return true;
  }

  /** Another page is shown. */
  leave() {
    this.drop.listen(false);
    const focus = this.element.contains(document.activeElement) ? document.activeElement : null;
    this.#left = { scroll: scrollY, focus };
    this.list.pause();
  }

  close() {
    const { session, uploads } = this.#context;
    uploads.removeEventListener('change', this.#uploadsChanged);
    uploads.removeEventListener('begun', this.#draw);
    session.removeEventListener('rights', this.#drawRights);
    for (const card of this.#cards.values()) card.close();
    this.list.close();
    this.drop.listen(false);
  }

  /** Files that were chosen, before they are sent. */
  async #stage(files) {
    const { session, uploads } = this.#context;
    const { stagingForm } = await import('./staging.js');
    const back = () => fill(this.slot, this.drop.element);
    const form = stagingForm(files, session.info?.uploads ?? null, {
      stored: (file) => uploads.stored(file),
      onStart: (choices) => {
        back();
        this.#start(choices).catch((error) => fill(this.#notes, problemBox(error)));
      },
      onCancel: () => {
        back();
        this.drop.focus();
      },
    });
    fill(this.slot, form);
    (form.querySelector('input, button'))?.focus();
    form.querySelector('input')?.select();
  }

  /** One file alone is followed on the page of its video. */
  async #start(choices) {
    const { uploads, go } = this.#context;
    const begun = await Promise.all(choices.map(({ file, ...more }) => uploads.add(file, more)));
    if (begun.length === 1) begun[0].addEventListener('begun', () => go(`#/videos/${begun[0].video.id}`), { once: true });
  }

  #drawRights = () => {
    const { session } = this.#context;
    const offer = session.info?.uploads ?? null;
    this.drop.draw(offer);
    this.slot.hidden = this.terminal.hidden = !session.mayUpload;
    this.noUpload.hidden = session.mayUpload || !session.mayList || session.seesAll;
    this.noList.hidden = session.mayList;
    this.list.element.hidden = !session.mayList;
    this.list.drawRights();
  };

  #uploadsChanged = () => {
    this.#draw();
    if (this.#context.session.mayList && this.#isOpen && !this.#left) this.list.refresh();
  };

  #draw = async () => {
    const { uploads } = this.#context;
    const { UploadCard } = uploads.shown.length > 0 ? await import('./upload_card.js') : {};
    const { shown } = uploads;
    for (const [upload, card] of this.#cards) if (!shown.includes(upload)) card.close();
    const onCancelFailed = (error) => fill(this.#notes, problemBox(error));
    this.#cards = new Map(shown.map((upload) => {
      const known = this.#cards.get(upload);
      if (known && known.isNamed === Boolean(upload.video)) return [upload, known];
      known?.close();
      return [upload, new UploadCard(upload, { uploads, onCancelFailed })];
    }));
    fill(this.#sending, [...this.#cards.values()].map((card) => card.element));
    this.#sending.hidden = this.#cards.size === 0;
  };
}

/** How to upload without the page; made when it is opened. */
function terminalPanel(uploads) {
  const body = h('div', { class: 'panel-body' });
  const panel = h('details', { class: 'panel' }, h('summary', {}, h('h2', {}, 'Upload from a terminal')), body);
  panel.addEventListener('toggle', async () => {
    if (!panel.open) return;
    const { snippet, uploadSnippet } = await import('./snippets.js');
    fill(body, snippet('Two commands', uploadSnippet(uploads.latest?.descriptor ?? null)));
  });
  return panel;
}
