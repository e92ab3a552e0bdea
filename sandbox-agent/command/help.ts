// What can be asked for in a build?

export const help = (name: string): string => `Commands for the steps of a build.

${name} tests glob PATTERN...       files that a pattern means: * ** ? [abc] {a,b}, in quotes
${name} tests split [FILE...]       this slice's share of the tests, which come in files or on stdin
${name} tests run --command="..."   runs a command with this slice's share on its stdin
  --split-by=name|filesize|timings
  --timings-type=autodetect|filename|classname|testname
  --time-default=10s              of tests without a time
  --index=N --total=N             in place of CIRCLE_NODE_INDEX and CIRCLE_NODE_TOTAL
  --show-counts (split), --verbose (run)
${name} step halt                   after this step the job ends, and has passed
${name} continue FILE [--parameters=JSON|FILE]
                                the pipeline of a setup config goes on with this config; --finish: with none
${name} path-filter --mapping=FILE --base-revision=REVISION --output=FILE
                                pipeline parameters by changed files, for the orb circleci/path-filtering
${name} merge-configs LIST OUTPUT   one config of those that LIST names, one a line
${name} env subst [TEXT]            fills in $A, \${A} and \${A:-other}, in TEXT or stdin
${name} version
`;
