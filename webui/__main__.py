"""`python -m webui` is the command `unstick`."""

from webui.cli import main

if __name__ == "__main__":
    main(prog_name="unstick")
