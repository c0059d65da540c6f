# $(call quoted,TEXT): one word for the shell, whatever is in it: spaces, quotes, dollars.
quoted = '$(subst ','\'',$(1))'
