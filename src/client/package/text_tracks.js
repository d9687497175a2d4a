// Captions and subtitles: those beside the stream, and the viewer's choice of one.

const KINDS = ['subtitles', 'captions', 'descriptions', 'chapters'];
const SHOWN = ['subtitles', 'captions'];

/** Returns the tracks that a viewer can choose. A closed stream leaves its tracks behind, emptied. */
export function captionTracks(element) {
  return [...element.textTracks].filter((track) => SHOWN.includes(track.kind));
}

/** Shows this track and no other; null: none. */
export function showCaptions(element, chosen) {
  for (const track of captionTracks(element)) track.mode = track === chosen ? 'showing' : 'disabled';
}

/** Returns the viewer's choice, to be given to `chooseCaptions` for another stream of the same video. */
export function captionChoice(element) {
  const shown = captionTracks(element).find((track) => track.mode === 'showing');
  return shown ? { kind: shown.kind, label: shown.label, language: shown.language } : null;
}

export function chooseCaptions(element, choice) {
  const isIt = ({ kind, label, language }) => kind === choice?.kind && label === choice.label && language === choice.language;
  showCaptions(element, captionTracks(element).find(isIt) ?? null);
}

/** Adds the `tracks` of a playback that the stream does not have itself. Those that have not loaded yet get their new addresses. */
export function addTracks(element, tracks) {
  const wanted = namedIn(tracks).filter((one) => !isInStream(element, one));
  const present = ownTracks(element);
  if (wanted.length > 0 && !element.src && !element.crossOrigin) element.crossOrigin = 'anonymous';
  for (const one of wanted) {
    const { kind, language, name, url } = one;
    const id = idOf(one);
    const old = present.find(({ dataset }) => dataset.yourbit === id);
    if (old && old.readyState === HTMLTrackElement.NONE) old.src = url;
    if (old) continue;
    const track = document.createElement('track');
    Object.assign(track, { kind, srclang: language ?? '', label: name || language || '', src: url });
    track.dataset.yourbit = id;
    element.append(track);
  }
}

/** Removes what `addTracks` has added. */
export function removeTracks(element) {
  for (const one of ownTracks(element)) one.remove();
}

/**
 * Removes those of `tracks` that the stream has brought itself.
 *
 * Why a mode is not handed over: before the stream has loaded nobody has chosen but the browser, by its language.
 */
export function dropDoubles(element, tracks) {
  const doubles = namedIn(tracks).filter((one) => isInStream(element, one)).map(idOf);
  for (const own of ownTracks(element)) if (doubles.includes(own.dataset.yourbit)) own.remove();
}

function namedIn(tracks) {
  return (tracks ?? []).filter(({ kind, url }) => KINDS.includes(kind) && url);
}

function idOf({ kind, language, name }) {
  return JSON.stringify([kind, language, name]);
}

function ownTracks(element) {
  return [...element.querySelectorAll('track[data-yourbit]')];
}

/** Whether the stream has a track of this language and name. */
function isInStream(element, { kind, language, name }) {
  const own = new Set(ownTracks(element).map(({ track }) => track));
  const isTwin = (track) => !own.has(track) && isSame(track.language, language) && isSame(track.label, name || language);
  return SHOWN.includes(kind) && captionTracks(element).some(isTwin);
}

function isSame(one, other) {
  return (one ?? '').toLowerCase() === (other ?? '').toLowerCase();
}
