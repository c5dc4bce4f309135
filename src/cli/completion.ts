/** `completion`: prints the completion script of a shell. The script asks `artifold complete` at each key. */
import { ArtifoldError } from "../errors.ts";
import type { Run } from "./command.ts";

export async function run({ call, output }: Run): Promise<number> {
  const shell = call.args[0] as string;
  const script = scripts[shell];
  if (script === undefined) {
    throw new ArtifoldError("USAGE", `no completion for ${JSON.stringify(shell)}`, {
      hint: `There is one for ${Object.keys(scripts).join(", ")}.`,
    });
  }
  output.write(script);
  return 0;
}

const bash = `# artifold completion for bash. Put this into ~/.bashrc:  source <(artifold completion bash)
_artifold() {
  local line text="\${COMP_LINE:0:COMP_POINT}" words=() word='' began='' quote='' at char
  # Words are taken from the line itself: bash would split addresses at their colons.
  for ((at = 0; at < \${#text}; at++)); do
    char="\${text:at:1}"
    if [[ -n "$quote" ]]; then
      if [[ "$char" == "$quote" ]]; then quote=''; else word+="$char"; fi
      continue
    fi
    case "$char" in
      ' ' | $'\\t') [[ -n "$began" ]] && words+=("$word"); word='' began='' ;;
      '"' | "'") quote="$char" began=1 ;;
      \\\\) at=$((at + 1)) word+="\${text:at:1}" began=1 ;;
      *) word+="$char" began=1 ;;
    esac
  done
  words+=("$word")
  COMPREPLY=()
  local names=''
  while IFS= read -r line; do
    case "$line" in
      :files) names=f ;;
      :folders) names=d ;;
      *) COMPREPLY+=("$line") ;;
    esac
  done < <(artifold complete -- "\${words[@]:1}" 2>/dev/null)
  if [[ -n "$names" ]]; then
    # The shell quotes these itself.
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -"$names" -- "$word")
  fi
  # In quotes the whole word is replaced, as it is. Else what stands before the last colon is already on the line.
  if [[ -z "$quote" ]]; then
    local prefix='' index
    [[ "$word" == *:* && "$COMP_WORDBREAKS" == *:* ]] && prefix="\${word%"\${word##*:}"}"
    for index in "\${!COMPREPLY[@]}"; do
      line="\${COMPREPLY[index]#"$prefix"}"
      [[ -z "$names" ]] && printf -v line %q "$line"
      COMPREPLY[index]="$line"
    done
  fi
  [[ \${#COMPREPLY[@]} -eq 1 && "\${COMPREPLY[0]}" == */ ]] && compopt -o nospace 2>/dev/null
}
complete -F _artifold artifold
`;

const zsh = `#compdef artifold
# artifold completion for zsh. Put this into ~/.zshrc:  source <(artifold completion zsh)
_artifold() {
  # Quotes that are still open stay on a word.
  local line word="\${(Q)words[CURRENT]}"
  word=\${word#[\\"\\']}
  local -a found
  while IFS= read -r line; do
    case "$line" in
      :files) _files; return ;;
      :folders) _files -/; return ;;
      *) found+=("$line") ;;
    esac
  done < <(artifold complete -- "\${(@Q)words[2,CURRENT-1]}" "$word" 2>/dev/null)
  compadd -S '' -a found
}
if [ "\${funcstack[1]}" = "_artifold" ]; then _artifold "$@"; else compdef _artifold artifold; fi
`;

const fish = `# artifold completion for fish. Put this into ~/.config/fish/completions/artifold.fish
function __artifold_complete
  set -l words (commandline -opc)
  # Quotes that are still open are nothing that can be taken away as a pair.
  set -l word (string unescape -- (commandline -ct))
  or set word (string trim --left --chars '"\\'' -- (commandline -ct))
  for line in (artifold complete -- $words[2..-1] $word 2>/dev/null)
    switch $line
      case :files
        __fish_complete_path (commandline -ct)
      case :folders
        __fish_complete_directories (commandline -ct)
      case '*'
        echo $line
    end
  end
end
complete -c artifold -f -a '(__artifold_complete)'
`;

const pwsh = `# artifold completion for PowerShell. Put this into $PROFILE:  artifold completion pwsh | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName artifold -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  artifold complete -- $words 2>$null | ForEach-Object {
    if ($_ -eq ':files' -or $_ -eq ':folders') { return }
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`;

const scripts: { readonly [shell: string]: string } = { bash, zsh, fish, pwsh };
