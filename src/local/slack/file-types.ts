/** What Slack calls a file by its ending: mimetype, its own short name, and the name that people see. */
const types: Readonly<Record<string, readonly [mimetype: string, filetype: string, pretty: string]>> = {
  png: ['image/png', 'png', 'PNG'],
  jpg: ['image/jpeg', 'jpg', 'JPEG'],
  jpeg: ['image/jpeg', 'jpg', 'JPEG'],
  gif: ['image/gif', 'gif', 'GIF'],
  webp: ['image/webp', 'webp', 'WebP'],
  svg: ['image/svg+xml', 'svg', 'SVG'],
  pdf: ['application/pdf', 'pdf', 'PDF'],
  zip: ['application/zip', 'zip', 'Zip'],
  gz: ['application/gzip', 'gzip', 'Gzip'],
  txt: ['text/plain', 'text', 'Plain Text'],
  log: ['text/plain', 'text', 'Plain Text'],
  md: ['text/markdown', 'markdown', 'Markdown'],
  csv: ['text/csv', 'csv', 'CSV'],
  json: ['application/json', 'json', 'JSON'],
  yml: ['text/yaml', 'yaml', 'YAML'],
  yaml: ['text/yaml', 'yaml', 'YAML'],
  xml: ['application/xml', 'xml', 'XML'],
  html: ['text/html', 'html', 'HTML'],
  css: ['text/css', 'css', 'CSS'],
  js: ['text/javascript', 'javascript', 'JavaScript'],
  ts: ['text/plain', 'typescript', 'TypeScript'],
  py: ['text/x-python', 'python', 'Python'],
  sh: ['text/x-sh', 'shell', 'Shell'],
  diff: ['text/x-diff', 'diff', 'Diff'],
  patch: ['text/x-diff', 'diff', 'Diff'],
};

/** Types that a browser may draw in the page; all others are downloads. */
export const drawable: readonly string[] = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

const snippetLines = 5;
const snippetChars = 1_000;

export function typeOf(name: string): { mimetype: string; filetype: string; pretty_type: string } {
  const ending = /\.([a-z0-9]+)$/i.exec(name)?.[1]?.toLowerCase() ?? '';
  const [mimetype, filetype, pretty_type] = types[ending] ?? ['application/octet-stream', 'binary', 'Binary'];
  return { mimetype, filetype, pretty_type };
}

/** The first lines of what is text by its type and by its bytes. */
export function snippetOf(mimetype: string, bytes: Uint8Array): { text: string; lines: number } | undefined {
  if (!/^text\/|json$|xml$/.test(mimetype) || bytes.includes(0)) return undefined;
  const lines = new TextDecoder().decode(bytes).split('\n');
  return { text: lines.slice(0, snippetLines).join('\n').slice(0, snippetChars), lines: lines.length };
}

/** Width and height out of the head of a PNG, GIF or JPEG; undefined where it is none. */
export function pictureSize(bytes: Uint8Array): { width: number; height: number } | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.byteLength < 24) return undefined;
  if (view.getUint32(0) === 0x89504e47) return { width: view.getUint32(16), height: view.getUint32(20) };
  if (view.getUint32(0) === 0x47494638) return { width: view.getUint16(6, true), height: view.getUint16(8, true) };
  return view.getUint16(0) === 0xffd8 ? jpegSize(view) : undefined;
}

/** A JPEG is a row of segments; the one that starts a frame has its size. */
function jpegSize(view: DataView): { width: number; height: number } | undefined {
  for (let at = 2; at + 9 < view.byteLength; at += 2 + view.getUint16(at + 2)) {
    const marker = view.getUint16(at);
    const isFrame = marker >= 0xffc0 && marker <= 0xffcf && ![0xffc4, 0xffc8, 0xffcc].includes(marker);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return undefined;
}
