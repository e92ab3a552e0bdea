// What is built for the pictures?

/** The files of a small shop; where it `fails`, one test of its second slice does. */
export const shop = (fails: boolean): Record<string, string> => ({
  '.circle.yml': `version: 2.1

jobs:
  install:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - run: {name: Install packages, command: bash ci/install}
      - persist_to_workspace: {root: ., paths: [packages]}

  lint:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - attach_workspace: {at: .}
      - run: {name: Lint, command: bash ci/lint}

  unit:
    docker: [{image: "debian:bookworm"}]
    parallelism: 3
    steps:
      - checkout
      - attach_workspace: {at: .}
      - run: {name: Unit tests, command: bash ci/unit}
      - store_test_results: {path: results}
      - store_artifacts: {path: coverage}

  browser-tests:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - attach_workspace: {at: .}
      - run: {name: Start the shop, command: "sleep 1 && echo listening on 8080"}
      - run: {name: Buy a banana, command: "sleep 2 && echo bought"}

  package:
    docker: [{image: "debian:bookworm"}]
    steps:
      - checkout
      - run: {name: Build the image, command: "sleep 1 && echo built shop:$CIRCLE_BUILD_NUM"}

  deploy:
    docker: [{image: "debian:bookworm"}]
    steps:
      - run: {name: Deploy, command: "echo deployed"}

workflows:
  shop:
    jobs:
      - install
      - lint: {requires: [install]}
      - unit: {requires: [install]}
      - browser-tests: {requires: [install]}
      - package: {requires: [lint, unit]}
      - deploy: {requires: [package, browser-tests]}
`,
  'ci/install': script(`
echo "--- Resolving"
for name in left-pad fruit-prices stock-keeper till; do echo "  resolved $name"; sleep 0.1; done
echo "--- Fetching"
for i in 10 40 70 100; do printf '\\rfetching … %s %%' "$i"; sleep 0.2; done; echo
mkdir -p packages && echo 4 > packages/count
echo "+++ Done"
printf '\\033[32m4 packages installed\\033[0m in 1.2 s\\n'`),
  'ci/lint': script(`
sleep 1
printf '\\033[33mwarning\\033[0m  till.js:12  prefer const\\n'
printf '\\033[1m1 warning, 0 errors\\033[0m\\n'`),
  'ci/unit': script(`
mkdir -p results coverage
case $CIRCLE_NODE_INDEX in 0) names="apple pear plum" ;; 1) names="banana cherry date" ;; *) names="elderberry fig grape" ;; esac
printf '\\033[1mRunning slice %s of %s\\033[0m\\n' "$CIRCLE_NODE_INDEX" "$CIRCLE_NODE_TOTAL"
{ echo '<testsuite name="prices">'
  for name in $names; do
    if [ "$name" = "${fails ? 'cherry' : 'none'}" ]; then
      echo "<testcase classname=\\"prices\\" name=\\"a $name has its discount\\" time=\\"0.2\\"><failure message=\\"expected 4, was 6\\">prices.test.js:31</failure></testcase>"
    else
      echo "<testcase classname=\\"prices\\" name=\\"a $name has its price\\" time=\\"0.1\\"/>"
    fi
  done
  echo '</testsuite>'
} > results/junit.xml
for name in $names; do
  sleep 0.4
  echo "--- prices of $name"
  for n in 1 2 3 4 5 6; do printf '  \\033[32m✓\\033[0m \\033[90m%s costs the same on day %s\\033[0m\\n' "$name" "$n"; done
  if [ "$name" = "${fails ? 'cherry' : 'none'}" ]; then
    echo "+++ 1 test failed"
    printf '  \\033[31m✗ a cherry has its discount\\033[0m\\n\\n'
    printf '    \\033[31mError: expected 4, was 6\\033[0m\\n'
    printf '      \\033[90mat\\033[0m prices.test.js:31:14\\n      \\033[90mat\\033[0m discount (till.js:77:3)\\n\\n'
    printf '\\033[1;31m1 failed\\033[0m, \\033[32m17 passed\\033[0m\\n'
    exit 1
  fi
done
printf '<h1>Coverage</h1><p>93 %%</p>' > coverage/index.html
printf '\\033[32m18 passed\\033[0m\\n'`),
});

const script = (body: string): string => `#!/bin/bash\nset -e${body}\n`;
