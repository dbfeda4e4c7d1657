const terminalCodes =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it takes out
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b\]|\u009d)[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)?|\u001b[ -/]*[0-~]/g;

/**
 * What is not drawn: controls, format characters (zero-width, marks that turn the writing direction, tags), variation selectors, the
 * fillers and blanks of several scripts, and half a character pair. Unicode's Default_Ignorable_Code_Point has most of them.
 */
const undrawn = /[\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]+/gu;

/** Scripts in which a joiner changes what is drawn. */
const joining =
  /[\p{sc=Arab}\p{sc=Syrc}\p{sc=Deva}\p{sc=Beng}\p{sc=Guru}\p{sc=Gujr}\p{sc=Orya}\p{sc=Taml}\p{sc=Telu}\p{sc=Knda}\p{sc=Mlym}\p{sc=Sinh}]/u;
const picture = /[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Regional_Indicator}]$/u;

/**
 * A text as a person sees it, so that nobody is told what nobody can read: without terminal codes and all that is not drawn, and
 * with no more than four marks stacked on a letter. Line breaks, tabs, and the joiners inside an emoji or of a script that needs
 * them stay.
 */
export function visible(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(terminalCodes, '')
    .replaceAll(/\r\n?/g, '\n')
    .replaceAll(undrawn, (run, at: number, whole: string) => {
      if (isPartOfPicture(run, whole, at) || isJoiner(run, whole, at)) return run;
      return run.replaceAll(/[^\n\t]/gu, '');
    })
    .replaceAll(/(\p{M}{4})\p{M}+/gu, '$1');
}

function isPartOfPicture(run: string, whole: string, at: number): boolean {
  const before = whole.slice(Math.max(0, at - 2), at);
  const after = whole.slice(at + run.length, at + run.length + 2);
  if (run === '\ufe0f') return picture.test(before) || (/[0-9#*]$/.test(before) && after.startsWith('\u20e3'));
  return (
    (run === '\u200d' || run === '\ufe0f\u200d') && picture.test(before) && /^\p{Extended_Pictographic}/u.test(after)
  );
}

function isJoiner(run: string, whole: string, at: number): boolean {
  if (run !== '\u200c' && run !== '\u200d') return false;
  return joining.test(whole.charAt(at - 1)) && joining.test(whole.charAt(at + 1));
}
