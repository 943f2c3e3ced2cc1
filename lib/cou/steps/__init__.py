"""One file per kind of step: what it does, how it is seen to be done, how a doubt is settled."""
