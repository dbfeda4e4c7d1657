/** What a program in the sandbox gets of ours: what the container was made with, a home, and the forwarder as its proxy. */
export function toChildEnv(home: string, proxy: string): Record<string, string> {
  const own: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    // That cache is the runner's own.
    if (value !== undefined && name !== 'NODE_COMPILE_CACHE') own[name] = value;
  }
  const direct = '127.0.0.1,localhost';
  return {
    ...own,
    HOME: home,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: direct,
    no_proxy: direct,
    // Node's own fetch heeds the proxy only when told to.
    NODE_USE_ENV_PROXY: '1',
    GIT_TERMINAL_PROMPT: '0',
  };
}
