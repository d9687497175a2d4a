// Captions and sounds of a video, by the page alone: a file that is refused with its line, two that are taken, shown over the
// video in both languages, saved, deleted; a second sound is heard.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessible, both, visible } from './both.mjs';
import { until } from './checks.mjs';
import { enter, media, OWNER, show, sizes, text } from './operate_page.mjs';
import { startEndpoint, uploadForms } from './operate_seed.mjs';
import { caller, tokenOf } from './tokens.mjs';

const { URL: url } = process.env;
const owner = caller(tokenOf(OWNER));
const folder = await mkdtemp(join(tmpdir(), 'tracks-'));
const PANEL = '#tracks-panel';

const endEndpoint = await startEndpoint();
try {
  await both(async (browser) => {
    const { sounds } = await uploadForms(OWNER, ['sounds']);
    await tracks(browser, sounds);
  });
} finally {
  await endEndpoint();
  await rm(folder, { recursive: true });
}

/** Writes a file of captions and chooses it. */
async function choose(page, name, lines) {
  const path = join(folder, name);
  await writeFile(path, lines.join('\n'));
  await (await page.$('#track-file')).uploadFile(path);
}

async function fillIn(page, selector, value) {
  await page.$eval(selector, (one, to) => { one.value = to; }, value);
}

/** A row of the list, by its words. */
function row(page, words) {
  return page.evaluate((panel, wanted) => [...document.querySelectorAll(`${panel} li`)]
    .map((one) => one.innerText).find((one) => wanted.every((word) => one.includes(word))) ?? '', PANEL, words);
}

async function tracks({ name, open, claim }, id) {
  const page = await open(url, { token: tokenOf(OWNER) });
  await show(page, `#/videos/${id}`, PANEL);
  await page.focus(`${PANEL} > summary`);
  await page.keyboard.press('Enter');
  claim((await page.$('#track-way')) === null, 'only what this provider can do is offered: a file');

  const wrong = ['1', '00:00:01,000 --> 00:00:02,000', 'Hello', '', '2', '00:00:03,000 00:00:04,000', 'there'];
  await choose(page, 'wrong.srt', wrong);
  await fillIn(page, '#track-language', 'English');
  await enter(page, 'Add the track');
  await until(async () => (await text(page, `${PANEL} .problem`).catch(() => '')).includes('Line 6'), 'a file is refused with the line that is wrong');
  claim((await text(page, `${PANEL} .problem`)).includes('-->'), 'and with what is missing there');

  await choose(page, 'en.srt', wrong.with(5, '00:00:03,000 --> 00:00:07,500'));
  await enter(page, 'Add the track');
  await until(async () => (await row(page, ['English', 'Subtitles', 'Ready'])) !== '', 'a SubRip file becomes a track, without a reload');
  claim((await page.$eval('#track-language', (one) => one.value)) === '', 'the form is empty for the next one');
  await choose(page, 'de.vtt', ['WEBVTT', '', '00:00:01.000 --> 00:00:07.500 line:0', 'Guten <i>Tag</i>', '']);
  await fillIn(page, '#track-language', 'de');
  await fillIn(page, '#track-name', 'Deutsch');
  await page.select('#track-kind', 'captions');
  await enter(page, 'Add the track');
  await until(async () => (await row(page, ['German', 'Captions, Deutsch', 'Ready'])) !== '', 'and a WebVTT file');
  await sizes(page, `tracks-${name}`, 'the captions of a video', claim);

  await enter(page, 'Show: German captions');
  const shown = () => media(page, '(one) => [...one.textTracks].filter((track) => track.mode === "showing").flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text))');
  await until(async () => (await shown())?.some((cue) => cue.includes('Tag')), 'the captions are shown over the video');
  await enter(page, 'Show: English subtitles');
  await until(async () => (await shown())?.join() === 'there', 'and those in the other language in their place');
  const labels = await media(page, '(one) => [...one.textTracks].filter((track) => track.kind !== "metadata").map((track) => track.label).sort().join()');
  claim(labels === 'Deutsch,English', 'each is offered once, though stream and answer have both', labels);

  await enter(page, 'Play: German sound');
  const sound = () => page.evaluate(() => document.querySelector('yourbit-player').player.audioTracks.find((one) => one.selected)?.language);
  await until(async () => (await sound()) === 'de', 'the second sound is chosen');

  const answer = page.waitForResponse((response) => /\/tracks\/[0-9a-f-]+$/.test(response.url()) && response.request().method() === 'GET');
  await enter(page, 'Save: German captions');
  claim((await (await answer).text()).includes('Guten <i>Tag</i>'), 'a track can be saved');

  await enter(page, 'Delete: German captions');
  await visible(page, 'dialog[open]');
  await accessible(page, 'the question before a track is deleted', claim);
  await enter(page, 'Delete the track');
  await until(async () => !(await owner('GET', `/v1/videos/${id}`)).tracks.some((one) => one.kind === 'captions'), 'the track is deleted');
  await until(async () => (await row(page, ['German', 'Captions'])) === '', 'and leaves the list');
}
