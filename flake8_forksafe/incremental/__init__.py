"""The cache: facts by content, and the last outcome with its inputs.

Facts are used again for a file whose content is the one that they were made of; so is the answer to any other question
about the content of a file.  An outcome is used again if every question that its analysis asked about a file or a
directory has the same answer as then.  Nothing else is used again.
"""
