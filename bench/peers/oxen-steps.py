"""One step of Oxen through its Python library, for its wheel has no command: oxen-steps.py STEP REPOSITORY [ARGUMENT]"""

import sys

from oxen import Repo, user

step, folder, argument = sys.argv[1], sys.argv[2], (sys.argv[3:] or [""])[0]
repository = Repo(folder)
if step == "init":
    user.config_user("bench", "bench@localhost")
    repository.init()
elif step == "add":
    before = [] if argument == "first" else repository.log()
    repository.add("tree")
    try:
        repository.commit(argument)
    except ValueError as error:
        # It refuses to commit nothing.
        if not before:
            raise
        print(error, file=sys.stderr)
elif step == "restore":
    commit = next(each for each in repository.log() if each.message == argument)
    repository.restore("tree", source=commit.id)
