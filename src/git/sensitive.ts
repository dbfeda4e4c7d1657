/** A kind of path that acts on whoever opens, builds, installs or reviews a change, or that steers the next agent. */
export interface SensitiveKind {
  /** What it does, said to a reviewer of the paths that come after it. */
  readonly why: string;
  /** Tested against a path in lower case. */
  readonly paths: readonly RegExp[];
}

/** Paths that run with the repository's secrets as soon as the branch is pushed. */
const workflowPaths = /^\.github\/(?:workflows|actions)(?:\/|$)/i;

/** What a reviewer looks at first, the gravest first; the first kind that a path is of counts. */
export const sensitiveKinds: readonly SensitiveKind[] = [
  { why: 'runs on GitHub with the repository’s secrets', paths: [workflowPaths] },
  {
    why: 'runs in another CI, often with secrets',
    paths: [
      /(?:^|\/)\.(?:circleci|buildkite|semaphore|woodpecker|tekton|gitlab|teamcity)\//,
      /(?:^|\/)\.(?:gitlab-ci|travis|drone|woodpecker|cirrus)\.ya?ml$/,
      /(?:^|\/)(?:azure-pipelines|bitbucket-pipelines|appveyor|cloudbuild|buildspec|codemagic|netlify|vercel|render|fly)\.(?:ya?ml|toml|json)$/,
      /(?:^|\/)\.?appveyor\.ya?ml$/,
      /(?:^|\/)jenkinsfile[^/]*$/,
    ],
  },
  {
    why: 'decides who reviews, what merges, or what a reviewer is shown',
    paths: [
      /(?:^|\/)(?:codeowners|owners|owners_aliases)$/,
      /(?:^|\/)\.gitattributes$/,
      /^\.github\/(?:settings|rulesets?|mergify|merge-?queue|pull_?request_?rules|auto[_-]?approve|auto[_-]?merge|labeler|stale)(?:\/.*)?(?:\.(?:ya?ml|json))?$/,
      /(?:^|\/)\.(?:mergify\.ya?ml|kodiak\.toml|bulldozer\.ya?ml|policy\.ya?ml)$/,
    ],
  },
  { why: 'steers Errand itself', paths: [/^\.errand\.ya?ml$/] },
  {
    why: 'steers the agents that work here next',
    paths: [
      /(?:^|\/)(?:agents?|claude|claude\.local|gemini|qwen|codex|copilot|skill|conventions|agents\.override)\.md$/,
      /(?:^|\/)\.(?:claude|codex|cursor|opencode|gemini|qwen|agents?|aider[^/]*|continue|windsurf|roo|clinerules|kiro|junie|amazonq|augment|goose|trae|factory)(?:\/|$)/,
      /(?:^|\/)\.(?:cursorrules|windsurfrules|clinerules|roorules|roomodes|goosehints|mcp\.json|aider\.conf\.ya?ml|cursorignore|geminiignore|aiexclude)$/,
      /(?:^|\/)(?:opencode\.jsonc?|mcp\.json|llms\.txt)$/,
      /^\.github\/(?:copilot-instructions\.md$|instructions\/|prompts\/|agents\/|chatmodes\/|skills\/|hooks\/|copilot\/)/,
    ],
  },
  {
    why: 'runs by itself when somebody installs, builds or tests',
    paths: [
      /(?:^|\/)(?:setup\.py|setup\.cfg|build\.rs|conftest\.py|sitecustomize\.py|usercustomize\.py|noxfile\.py|binding\.gyp|extconf\.rb)$/,
      /\.pth$/,
      /(?:^|\/)(?:makefile|gnumakefile|makefile\.(?:am|in|inc|win|local|common|config)|cmakelists\.txt|justfile|rakefile|taskfile\.ya?ml|gulpfile\.[cm]?[jt]s|gruntfile\.[cm]?[jt]s)$/,
      /(?:^|\/)(?:gradlew|gradlew\.bat|mvnw|mvnw\.cmd|init\.gradle(?:\.kts)?)$/,
      /(?:^|\/)(?:gradle\/wrapper|\.mvn)\//,
      /(?:^|\/)(?:dockerfile[^/]*|[^/]*\.dockerfile|containerfile|docker-compose[^/]*\.ya?ml|compose(?:\.[^/]*)?\.ya?ml|vagrantfile|procfile|tiltfile|skaffold\.ya?ml)$/,
    ],
  },
  {
    why: 'runs when somebody commits',
    paths: [
      /(?:^|\/)\.(?:husky|githooks|git-hooks)\//,
      /(?:^|\/)(?:\.pre-commit-config\.ya?ml|\.?lefthook(?:-local)?\.(?:ya?ml|toml|json)|\.lintstagedrc[^/]*|lint-staged\.config\.[cm]?[jt]s|\.overcommit\.yml)$/,
    ],
  },
  {
    why: 'runs when somebody opens the folder',
    paths: [
      /(?:^|\/)\.(?:vscode|idea|zed|fleet|vs|devcontainer|gitpod|idx)\//,
      /(?:^|\/)(?:\.devcontainer\.json|\.gitpod\.ya?ml|[^/]*\.code-workspace|\.envrc|\.exrc|\.n?vimrc|\.nvim\.lua|\.dir-locals\.el|\.autoenv|\.env\.zsh)$/,
      /(?:^|\/)(?:\.?mise(?:\.[^/]*)?\.toml|\.tool-versions|shell\.nix|default\.nix|flake\.nix|devbox\.json)$/,
    ],
  },
  {
    why: 'decides where packages come from',
    paths: [
      /(?:^|\/)\.(?:npmrc|yarnrc|yarnrc\.yml|pnpmfile\.c?js|pypirc|netrc|condarc|gemrc)$/,
      /(?:^|\/)(?:bunfig\.toml|pip\.conf|pip\.ini|uv\.toml|nuget\.config|auth\.json|pnpm-workspace\.yaml|pnpmfile\.c?js)$/,
      /(?:^|\/)\.(?:yarn|cargo|bundle|pip|m2|nuget)\//,
      /(?:^|\/)settings\.gradle(?:\.kts)?$/,
      /^\.github\/dependabot\.ya?ml$/,
      /(?:^|\/)(?:\.?renovaterc(?:\.json5?)?|renovate\.json5?)$/,
    ],
  },
  {
    why: 'pins what is installed',
    paths: [
      /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|deno\.lock)$/,
      /(?:^|\/)(?:cargo\.lock|go\.sum|gemfile\.lock|composer\.lock|poetry\.lock|pdm\.lock|uv\.lock|pipfile\.lock|flake\.lock|gradle\.lockfile|packages\.lock\.json|mix\.lock|pubspec\.lock|podfile\.lock|package\.resolved|\.terraform\.lock\.hcl)$/,
    ],
  },
  {
    why: 'is a program that no diff shows',
    paths: [/\.(?:exe|dll|so|dylib|jar|war|aar|class|wasm|node|whl|egg|gem|deb|rpm|apk|msi|pyc|pyd|o|a|bin)$/],
  },
];

export const otherWhys = {
  lifecycle: 'runs by itself when somebody installs, builds or tests',
  lockHost: 'brings packages from a host that it did not use before',
  link: 'is a link that leads out of the checkout',
  program: 'can now be run as a program',
  hidden: 'has invisible characters that make it read otherwise than it runs',
} as const;

export function isWorkflow(path: string): boolean {
  return workflowPaths.test(path);
}

/** Why a reviewer looks at this path first, whatever is in it; undefined for an ordinary one. */
export function whySensitive(path: string): string | undefined {
  const lower = path.toLowerCase();
  return sensitiveKinds.find(({ paths }) => paths.some((each) => each.test(lower)))?.why;
}

/** Whether a path is a lock file, in which hosts say where packages come from. */
export function isLockFile(path: string): boolean {
  return whySensitive(path) === 'pins what is installed';
}
