// Kinds and languages of tracks, as people say them.

/** What a track is. */
export const KINDS = { subtitles: 'Subtitles', captions: 'Captions', audio: 'Sound' };

/** Languages that are suggested; any other BCP 47 tag is taken too. */
const SUGGESTED = [
  'ar', 'bg', 'bn', 'ca', 'cs', 'da', 'de', 'el', 'en', 'en-GB', 'en-US', 'es', 'es-419', 'et', 'fa', 'fi', 'fr', 'fr-CA', 'he', 'hi',
  'hr', 'hu', 'id', 'it', 'ja', 'ko', 'lt', 'lv', 'ms', 'nb', 'nl', 'pl', 'pt', 'pt-BR', 'ro', 'ru', 'sk', 'sl', 'sr', 'sv', 'ta',
  'th', 'tr', 'uk', 'ur', 'vi', 'zh-Hans', 'zh-Hant',
];

const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' });

/** The name of a language by its BCP 47 tag; the tag itself where it has none. */
export function languageName(tag) {
  if (!tag || tag === 'und') return 'Unknown language';
  try {
    return names.of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** `[tag, name]` of each language that is suggested, by name. */
export function suggestedLanguages() {
  return SUGGESTED.map((tag) => [tag, languageName(tag)]).sort(([, one], [, other]) => one.localeCompare(other, 'en'));
}

/** The tag that somebody means who writes a tag or a name of a suggested language. */
export function languageTag(text) {
  const meant = text.trim().toLowerCase();
  return suggestedLanguages().find(([, name]) => name.toLowerCase() === meant)?.[0] ?? text.trim();
}

/** A track in a few words: "German subtitles". */
export function trackName({ kind, language }) {
  return `${languageName(language)} ${(KINDS[kind] ?? kind).toLowerCase()}`;
}
