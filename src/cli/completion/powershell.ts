/** For PowerShell, 5.1 and newer, on every system: to be read by the profile. */
import { type Command, type Flag, flagsOf, type Place, unnamed } from '../command-line.ts';

export function powershell(commands: readonly Command[]): string {
  return `# PowerShell completion for pg_gateway; "pg_gateway completion powershell" has printed it.
Register-ArgumentCompleter -Native -CommandName 'pg_gateway', 'pg_gateway.exe' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # What each command may be followed by. A flag without a value has $null; where there are no words, PowerShell offers files.
    $commands = [ordered]@{
${commands.map(commandEntry).join('\n')}
    }

    $typed = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text })
    $name = if ($typed.Count -gt 1 -and $commands.Contains($typed[1])) { $typed[1] } else { '${unnamed}' }
    $command = $commands[$name]
    $offer = {
        param($words, $prefix, $before, $help)
        foreach ($word in $words) {
            if ($word -like "$prefix*") {
                $tip = if ($help -and $help[$word]) { $help[$word] } else { $word }
                [System.Management.Automation.CompletionResult]::new("$before$word", $word, 'ParameterValue', $tip)
            }
        }
    }

    if ($wordToComplete -match '^(--[a-z-]+)=(.*)$') {
        & $offer $command.AfterFlag[$Matches[1]] $Matches[2] "$($Matches[1])=" $null
    } elseif ($typed.Count -gt 1 -and $null -ne $command.AfterFlag[$typed[-1]]) {
        & $offer $command.AfterFlag[$typed[-1]] $wordToComplete '' $null
    } elseif ($wordToComplete -like '-*') {
        & $offer $command.Flags.Keys $wordToComplete '' $command.Flags
    } elseif ($typed.Count -eq 1) {
        $help = @{}
        foreach ($key in $commands.Keys) { $help[$key] = $commands[$key].Help }
        & $offer $commands.Keys $wordToComplete '' $help
    } else {
        & $offer $command.Argument $wordToComplete '' $null
    }
}
`;
}

function commandEntry(command: Command): string {
  const flags = flagsOf(command);
  return `        ${quoted(command.name)} = @{
            Help = ${quoted(command.help)}
            Argument = ${list(command.argument)}
            Flags = [ordered]@{
${flags.map(({ name, help }) => `                ${quoted(name)} = ${quoted(help)}`).join('\n')}
            }
            AfterFlag = @{
${
    flags.filter((flag: Flag) => flag.hint !== undefined)
      .map((flag) => `                ${quoted(flag.name)} = ${list(flag)}`).join('\n')
  }
            }
        }`;
}

function list({ words }: Place): string {
  return `@(${words.map(quoted).join(', ')})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
