import { ArgumentScannerError, formatMessageForArgumentScannerError } from "@stricli/core";
import { messageOf, UsageError } from "../errors.ts";
import { nearest } from "../wording/nearest.ts";

/** What is wrong with a command line, in the form of every error; options as they are typed. */
export function usageText(error: unknown): string {
  if (!(error instanceof ArgumentScannerError)) return line(messageOf(error));
  return formatMessageForArgumentScannerError(error, {
    FlagNotFoundError: ({ input, corrections }) => {
      const [meant] = corrections;
      const unknown = line(`there is no option --${typed(input)}`);
      return meant === undefined
        ? unknown
        : `${unknown}\n${hint(`did you mean --${typed(meant)}?`)}`;
    },
    AliasNotFoundError: ({ input }) => line(`there is no option -${input}`),
    ArgumentParseError: ({ externalFlagNameOrPlaceholder: name, exception }) => {
      // What is wrong with an argument says so itself; a value of an option needs the option's name.
      if (!(exception instanceof UsageError)) return line(messageOf(exception));
      const wrong = line(`--${typed(name)}: ${exception.message}`);
      return exception.hint === undefined ? wrong : `${wrong}\n${hint(exception.hint)}`;
    },
    EnumValidationError: ({ externalFlagName, input, values }) =>
      line(`--${typed(externalFlagName)}: "${input}" is none of ${values.join(", ")}`),
    UnsatisfiedFlagError: ({ externalFlagName }) =>
      line(`--${typed(externalFlagName)} is missing, or has no value`),
    UnsatisfiedPositionalError: ({ placeholder }) =>
      `${line(`${placeholder.toUpperCase()} is missing`)}\n${hint("varve COMMAND --help tells what belongs where")}`,
    UnexpectedPositionalError: ({ input }) => line(`nothing can be done with "${input}"`),
    UnexpectedFlagError: ({ externalFlagName }) =>
      line(`--${typed(externalFlagName)} is given twice`),
  });
}

/** A command that there is none of. */
export function unknownCommandText(input: string, commands: readonly string[]): string {
  const meant = nearest(input, commands);
  const advice = meant === undefined ? "varve help lists the commands" : `did you mean ${meant}?`;
  return `${line(`there is no command "${input}"`)}\n${hint(advice)}`;
}

function line(text: string): string {
  return `varve: ${text}`;
}

function hint(text: string): string {
  return `varve: hint: ${text}`;
}

/** `maxLayers` → `max-layers`. */
function typed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
